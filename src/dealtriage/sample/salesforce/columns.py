"""The header of every file of the export."""

from __future__ import annotations

_HEADERS = {
    "Account": "Id IsDeleted MasterRecordId Name ParentId Industry NumberOfEmployees BillingCountryCode CreatedDate",
    "Contact": "Id IsDeleted MasterRecordId AccountId FirstName LastName Name Email Title Department IsEmailBounced "
    "CreatedDate",
    "ContactHistory": "Id IsDeleted ContactId CreatedById CreatedDate Field DataType OldValue NewValue",
    "CurrencyType": "Id IsoCode ConversionRate DecimalPlaces IsActive IsCorporate",
    "EmailMessage": "Id ActivityId RelatedToId CreatedById CreatedDate LastModifiedDate MessageDate Incoming Status Subject "
    "TextBody FromAddress ToAddress CcAddress IsDeleted MessageIdentifier ThreadIdentifier IsOpened FirstOpenedDate "
    "LastOpenedDate IsBounced AutomationType",
    "Event": "Id WhoId WhatId WhoCount Subject ActivityDateTime DurationInMinutes StartDateTime EndDateTime OwnerId Type "
    "ShowAs Outcome__c Description IsDeleted IsChild IsGroupEvent IsRecurrence IsArchived CreatedDate CreatedById "
    "LastModifiedDate",
    "Opportunity": "Id IsDeleted AccountId ContactId RecordTypeId Name Description StageName Amount Probability CloseDate "
    "Type NextStep LeadSource IsClosed IsWon ForecastCategory CurrencyIsoCode OwnerId CreatedDate CreatedById "
    "LastModifiedDate LastModifiedById SystemModstamp LastActivityDate PushCount LastStageChangeDate Loss_Reason__c",
    "OpportunityContactRole": "Id OpportunityId ContactId Role IsPrimary CreatedDate LastModifiedDate IsDeleted",
    "OpportunityFieldHistory": "Id IsDeleted OpportunityId CreatedById CreatedDate Field DataType OldValue NewValue",
    "OpportunityHistory": "Id OpportunityId CreatedById CreatedDate StageName Amount ExpectedRevenue CloseDate Probability "
    "ForecastCategory PrevAmount PrevCloseDate CurrencyIsoCode IsDeleted",
    "OpportunityStage": "Id MasterLabel ApiName IsActive SortOrder IsClosed IsWon ForecastCategory DefaultProbability",
    "Quote": "Id OpportunityId Name QuoteNumber Status Discount Subtotal GrandTotal ExpirationDate IsSyncing "
    "CurrencyIsoCode CreatedDate CreatedById LastModifiedDate IsDeleted",
    "Task": "Id WhoId WhatId Subject ActivityDate Status Priority OwnerId Description Type TaskSubtype IsDeleted IsClosed "
    "CompletedDateTime IsArchived CallDurationInSeconds CallType CallDisposition CreatedDate CreatedById LastModifiedDate",
    "User": "Id Username FirstName LastName Name Email IsActive UserType UserRoleId ManagerId TimeZoneSidKey CreatedDate",
    "UserRole": "Id Name ParentRoleId",
}
COLUMNS: dict[str, tuple[str, ...]] = {table: tuple(text.split()) for table, text in _HEADERS.items()}
