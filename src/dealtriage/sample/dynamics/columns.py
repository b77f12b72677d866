"""The header of every file of the export."""

from __future__ import annotations

_HEADERS = {
    "account": "accountid name merged masterid statecode createdon",
    "activityparty": "activitypartyid activityid partyid partyobjecttypecode participationtypemask addressused",
    "activitypointer": "activityid activitytypecode regardingobjectid regardingobjecttypecode subject actualstart actualend "
    "scheduledstart scheduledend actualdurationminutes ownerid createdon modifiedon statecode statuscode",
    "appointment": "activityid location",
    "audit": "auditid objectid objecttypecode action operation createdon userid changedata",
    "businessunit": "businessunitid name parentbusinessunitid",
    "connection": "connectionid record1id record2id record2roleid createdon",
    "contact": "contactid fullname firstname lastname emailaddress1 jobtitle parentcustomerid merged masterid statecode "
    "createdon",
    "email": "activityid directioncode senton conversationindex trackingtoken torecipients sender statuscode description",
    "opportunity": "opportunityid name customerid parentaccountid ownerid owningteam statecode statuscode stageid stepname "
    "salesstage estimatedvalue estimatedvalue_base estimatedclosedate actualclosedate actualvalue closeprobability "
    "createdon overriddencreatedon createdby modifiedon modifiedby onholdtime lastonholdtime transactioncurrencyid "
    "exchangerate",
    "opportunityclose": "activityid opportunityid actualend actualrevenue statecode statuscode createdon createdby subject "
    "opportunitystatecode opportunitystatuscode competitorid description",
    "phonecall": "activityid directioncode leftvoicemail phonenumber actualdurationminutes",
    "quote": "quoteid opportunityid name quotenumber revisionnumber statecode statuscode totalamount totalamount_base "
    "effectiveto createdon modifiedon ownerid createdby",
    "stringmap": "objecttypecode attributename attributevalue value displayorder",
    "systemuser": "systemuserid fullname internalemailaddress businessunitid parentsystemuserid isdisabled accessmode",
    "task": "activityid percentcomplete",
    "transactioncurrency": "transactioncurrencyid isocurrencycode currencyname exchangerate",
}
COLUMNS: dict[str, tuple[str, ...]] = {table: tuple(text.split()) for table, text in _HEADERS.items()}
