BEGIN TRANSACTION;
CREATE TABLE attempt (
    seq integer not null,
    number integer not null,
    started_at text not null,
    result text,                  -- null: in doubt, or settled by the outcome
    message text,
    http_status integer,
    elapsed_ms integer,
    primary key (seq, number)
) without rowid;
INSERT INTO "attempt" VALUES(1,1,'2026-11-26T16:35:30.917Z',NULL,NULL,NULL,NULL);
INSERT INTO "attempt" VALUES(2,1,'2026-11-26T16:35:30.941Z',NULL,NULL,NULL,NULL);
INSERT INTO "attempt" VALUES(4,1,'2026-03-10T11:05:00.000Z',NULL,NULL,NULL,NULL);
INSERT INTO "attempt" VALUES(5,1,'2026-03-10T11:05:00.000Z',NULL,NULL,NULL,NULL);
CREATE TABLE meta (key text primary key, value text not null) without rowid;
INSERT INTO "meta" VALUES('corrected_with','[""]');
INSERT INTO "meta" VALUES('corrections','');
INSERT INTO "meta" VALUES('corrections_by','row');
INSERT INTO "meta" VALUES('elapsed_s','1.085');
INSERT INTO "meta" VALUES('endpoint','http://SANDBOX');
INSERT INTO "meta" VALUES('exports','[]');
INSERT INTO "meta" VALUES('finished','');
INSERT INTO "meta" VALUES('finished_at','2026-11-26T16:35:31.008Z');
INSERT INTO "meta" VALUES('format','4');
INSERT INTO "meta" VALUES('judged','1');
INSERT INTO "meta" VALUES('lists','{"Newsletter": "1473249885.2899961004", "Customers": "1502871133.0046201177", "Super": "super", "Clients": "clients_1"}');
INSERT INTO "meta" VALUES('managers','{}');
INSERT INTO "meta" VALUES('mapping','{"defaults.phone_region": "\"US\"", "fields.add_tags": "{\"column\": \"Tags\", \"separator\": \";\"}", "fields.lead_email": "\"E-mail\"", "fields.lead_first_name": "\"Name\"", "fields.lead_phone": "\"Phone\"", "version": "\"1\"", "when.no_email": "\"create\""}');
INSERT INTO "meta" VALUES('mapping_folder','/FOLDER');
INSERT INTO "meta" VALUES('mapping_name','/FOLDER/bare.yml');
INSERT INTO "meta" VALUES('mapping_text','version: 1
defaults: {phone_region: US}
fields:
  lead_email: E-mail
  lead_first_name: Name
  lead_phone: Phone
  add_tags: {column: Tags, separator: ";"}
when: {no_email: create}
');
INSERT INTO "meta" VALUES('notes','[]');
INSERT INTO "meta" VALUES('pace','{"rate": 0.0, "concurrency": 1, "daily_limit": 0, "window": ""}');
INSERT INTO "meta" VALUES('paths','["/FOLDER/contacts.csv"]');
INSERT INTO "meta" VALUES('rejects','{"rejects.csv": "09a3f0803eacb75b5294c450983605b9807355a5a0bfe819af3f339b9440d371"}');
INSERT INTO "meta" VALUES('reported','4865e4b5f7254fedb5c937b6dc5b9d68');
INSERT INTO "meta" VALUES('rows_read','7');
INSERT INTO "meta" VALUES('run','de79bf9f38a247fe9bbe3326e2644761');
INSERT INTO "meta" VALUES('sending','');
INSERT INTO "meta" VALUES('sheet','');
INSERT INTO "meta" VALUES('started_at','2026-11-26T16:35:30.262Z');
INSERT INTO "meta" VALUES('stop_code','0');
INSERT INTO "meta" VALUES('stopped','');
INSERT INTO "meta" VALUES('stopped_as','');
INSERT INTO "meta" VALUES('tool_version','0.1.0');
CREATE TABLE outcome (
    seq integer primary key,
    status text not null,
    error_code text not null,
    message text not null,
    attempts integer not null,
    http_status integer,
    finished_at text not null,
    elapsed_ms integer,
    again integer not null,       -- 1: a resume sends (or judges) it again
    reasons text                  -- why a row was refused before sending, as `pack_problems` writes it
);
INSERT INTO "outcome" VALUES(1,'success','0','',1,200,'2026-11-26T16:35:30.941Z',1,0,NULL);
INSERT INTO "outcome" VALUES(2,'success','0','',1,200,'2026-11-26T16:35:30.949Z',2,0,NULL);
INSERT INTO "outcome" VALUES(3,'invalid','EMAIL_INVALID','',0,NULL,'',NULL,1,'[["EMAIL_INVALID", ["{shown!r} has no @; {advice}", {"shown": "not an address", "advice": ["write one address such as anna@example.org", {}]}], "E-mail", "lead_email", "not an address", "error"]]');
INSERT INTO "outcome" VALUES(6,'invalid','PHONE_INVALID','',0,NULL,'',NULL,1,'[["PHONE_INVALID", ["{shown!r} is too long for {where}", {"shown": "8 (415) 555-0006", "where": "US"}], "Phone", "lead_phone", "8 (415) 555-0006", "error"]]');
CREATE TABLE record (
    seq integer primary key,      -- position in the run, from 1, without gaps
    source integer not null,
    sheet text not null,
    row integer not null,
    cells text,                   -- JSON list in header order, for rejects and second judgements,
                                  -- null where they are not kept
    problems text,                -- what reading found, as `pack_problems` writes it
    email text not null,          -- the contact's key; empty for a bare row
    contact text not null,
    warnings text,                -- what was doubtful about a row that passed; likewise
    body blob,                    -- the form without the key; null: cannot be sent
    checksum integer              -- of e-mail and body, as `checksum` makes it
);
INSERT INTO "record" VALUES(1,1,'',2,'["p1@example.org", "Person 1", "(415) 555-0001", "vip; new"]',NULL,'p1@example.org','p1@example.org',NULL,X'6164645F746167733D7669702532436E6577266C6561645F656D61696C3D70312534306578616D706C652E6F7267266C6561645F66697273745F6E616D653D506572736F6E2B31266C6561645F70686F6E653D2532423134313535353530303031',4044551787);
INSERT INTO "record" VALUES(2,1,'',3,'["", "Person 2", "(415) 555-0002", "new"]',NULL,'','+14155550002',NULL,X'6164645F746167733D6E6577266C6561645F66697273745F6E616D653D506572736F6E2B32266C6561645F70686F6E653D2532423134313535353530303032',401035656);
INSERT INTO "record" VALUES(3,1,'',4,'["not an address", "Person 3", "(415) 555-0003", "new"]',NULL,'','+14155550003',NULL,NULL,NULL);
INSERT INTO "record" VALUES(4,1,'',5,'["p4@example.org", "Person 4", "(415) 555-0004", ""]',NULL,'p4@example.org','p4@example.org',NULL,X'6C6561645F656D61696C3D70342534306578616D706C652E6F7267266C6561645F66697273745F6E616D653D506572736F6E2B34266C6561645F70686F6E653D2532423134313535353530303034',3514752791);
INSERT INTO "record" VALUES(5,1,'',6,'["", "Person 5", "(415) 555-0005", "vip"]',NULL,'','+14155550005',NULL,X'6164645F746167733D766970266C6561645F66697273745F6E616D653D506572736F6E2B35266C6561645F70686F6E653D2532423134313535353530303035',3926061008);
INSERT INTO "record" VALUES(6,1,'',7,'["p6@example.org", "Person 6", "8 (415) 555-0006", "new"]',NULL,'p6@example.org','p6@example.org',NULL,NULL,NULL);
INSERT INTO "record" VALUES(7,1,'',8,'["", "Person 7", "(415) 555-0007", "new"]',NULL,'','+14155550007',NULL,X'6164645F746167733D6E6577266C6561645F66697273745F6E616D653D506572736F6E2B37266C6561645F70686F6E653D2532423134313535353530303037',1749079299);
CREATE TABLE source (id integer primary key, info text not null);
INSERT INTO "source" VALUES(1,'{"name": "/FOLDER/contacts.csv", "kind": "csv", "sheet": "", "encoding": "utf-8", "header_row": 1, "header": ["E-mail", "Name", "Phone", "Tags"], "labels": ["E-mail", "Name", "Phone", "Tags"], "sha256": "5971a08cf22d0869438e20178c418e67d4e4b727c3a804b6ca5e6e3f6043a142", "dialect": {"delimiter": ",", "quotechar": "\"", "escapechar": "", "lineterminator": "\r\n", "sep_line": ""}}');
COMMIT;