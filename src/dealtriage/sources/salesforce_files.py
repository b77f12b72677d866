"""The files of a Salesforce Data Export, and which of their columns are taken.

`Opportunity.LossReason` and `Event.Outcome` are custom fields: params say which header they have.
"""

from dealtriage.sources.delimited import TextTable

FILES = {
    "Opportunity": TextTable(
        ("Id", "Name", "StageName", "CreatedDate", "OwnerId"),
        ("IsDeleted", "AccountId", "Amount", "CloseDate", "IsClosed", "IsWon", "CurrencyIsoCode", "LastModifiedDate",
         "LastStageChangeDate", "LossReason")),
    "OpportunityHistory": TextTable(
        ("Id", "OpportunityId", "CreatedDate", "StageName"),
        ("CreatedById", "Amount", "CloseDate", "IsDeleted")),
    "OpportunityFieldHistory": TextTable(
        ("Id", "OpportunityId", "CreatedDate", "Field", "OldValue", "NewValue"), ("CreatedById", "IsDeleted")),
    "OpportunityStage": TextTable(("MasterLabel", "SortOrder", "IsClosed", "IsWon"), ("ApiName", "IsActive")),
    "OpportunityContactRole": TextTable(
        ("Id", "OpportunityId", "ContactId", "CreatedDate"), ("Role", "IsPrimary", "IsDeleted")),
    "Task": TextTable(
        ("Id", "WhatId", "CreatedDate", "ActivityDate", "Status", "OwnerId"),
        ("WhoId", "Subject", "Type", "TaskSubtype", "IsDeleted", "IsClosed", "CompletedDateTime",
         "LastModifiedDate", "CallDurationInSeconds", "CallType", "CallDisposition")),
    "Event": TextTable(
        ("Id", "WhatId", "CreatedDate", "StartDateTime", "OwnerId"),
        ("WhoId", "Subject", "Type", "EndDateTime", "DurationInMinutes", "IsDeleted", "IsChild", "IsRecurrence",
         "LastModifiedDate", "Outcome")),
    "EmailMessage": TextTable(
        ("Id", "RelatedToId", "CreatedDate", "MessageDate", "Incoming"),
        ("ActivityId", "Subject", "FromAddress", "ToAddress", "IsDeleted", "ThreadIdentifier", "FirstOpenedDate",
         "IsBounced", "AutomationType", "CreatedById")),
    "Quote": TextTable(
        ("Id", "OpportunityId", "Status", "CreatedDate"),
        ("Name", "GrandTotal", "ExpirationDate", "LastModifiedDate", "CreatedById", "IsDeleted")),
    "User": TextTable(("Id", "Name"), ("IsActive", "UserRoleId", "ManagerId", "UserType")),
    "UserRole": TextTable(("Id", "Name")),
    "Account": TextTable(("Id", "Name"), ("MasterRecordId", "IsDeleted")),
    "Contact": TextTable(("Id", "AccountId"), ("Name", "FirstName", "LastName", "Email", "Title", "MasterRecordId",
                                               "IsDeleted")),
    "CurrencyType": TextTable(("IsoCode", "ConversionRate")),
}
