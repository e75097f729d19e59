BEGIN TRANSACTION;
CREATE TABLE attempt (            -- but for the one that settled a row which was never sent before
    seq integer not null,
    number integer not null,
    started_at not null,          -- as `pack_moment` makes it
    result text,                  -- null: in doubt, or settled by the outcome
    message text,
    http_status integer,
    elapsed_ms integer,
    primary key (seq, number)
) without rowid;
INSERT INTO "attempt" VALUES(4,1,1773140700000,NULL,NULL,NULL,NULL);
INSERT INTO "attempt" VALUES(5,1,1773140700000,NULL,NULL,NULL,NULL);
CREATE TABLE block (
    first integer primary key,    -- the seq of its first row
    data blob not null            -- as `blocks` makes it
);
INSERT INTO "block" VALUES(1,X'789C9550D10A8230147DDF570CC128B27063CB8710A27EA0771119B84CD03954AACF6F36354D0736B8ECEE9C7BCEBD778125D189BF582E33BE2FCAC472A0D58524738C3C4CD01004C1DF3E5AE9C0C0BAF2B22A04440DD2E6B8AB68DF6490D31FCED32E6B82E806524A77AEEB7EBC4648EF3842C904A1B3756D8F472A8F50F067C3B757178AEAD2860943C0E238AA5952F98AB2F145A1AB8CB338E2394B335F229BB8836FD1DC2D2DAB3A122CE7BEDE6E8B3421EF85E0BE8DCF488DA54EB3E3B743EF3DD563A31E03309C872C9B8718FDC86863939E1AF5142C5AC8331A786F78AECF4A');
CREATE TABLE meta (key text primary key, value text not null) without rowid;
INSERT INTO "meta" VALUES('corrected_with','[""]');
INSERT INTO "meta" VALUES('corrections','');
INSERT INTO "meta" VALUES('corrections_by','row');
INSERT INTO "meta" VALUES('elapsed_s','2.699');
INSERT INTO "meta" VALUES('endpoint','http://SANDBOX');
INSERT INTO "meta" VALUES('exports','[]');
INSERT INTO "meta" VALUES('finished','');
INSERT INTO "meta" VALUES('finished_at','2026-11-26T20:02:54.975Z');
INSERT INTO "meta" VALUES('format','5');
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
INSERT INTO "meta" VALUES('reported','d9edba0c85af4c359208e7ce88505140');
INSERT INTO "meta" VALUES('rows_read','7');
INSERT INTO "meta" VALUES('run','c5aff6a53e114ef8905b4670488ad527');
INSERT INTO "meta" VALUES('sending','');
INSERT INTO "meta" VALUES('sheet','');
INSERT INTO "meta" VALUES('started_at','2026-11-26T20:02:52.951Z');
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
    finished_at not null,         -- as `pack_moment` makes it
    elapsed_ms integer,
    again integer not null,       -- 1: a resume sends (or judges) it again
    reasons text                  -- why a row was refused before sending, as `pack_problems` writes it
);
INSERT INTO "outcome" VALUES(1,'success','0','',1,200,1795723374868,1,0,NULL);
INSERT INTO "outcome" VALUES(2,'success','0','',1,200,1795723374891,2,0,NULL);
INSERT INTO "outcome" VALUES(3,'invalid','EMAIL_INVALID','',0,NULL,'',NULL,1,'[["EMAIL_INVALID", ["{shown!r} has no @; {advice}", {"shown": "not an address", "advice": ["write one address such as anna@example.org", {}]}], "E-mail", "lead_email", "not an address", "error"]]');
INSERT INTO "outcome" VALUES(6,'invalid','PHONE_INVALID','',0,NULL,'',NULL,1,'[["PHONE_INVALID", ["{shown!r} is too long for {where}", {"shown": "8 (415) 555-0006", "where": "US"}], "Phone", "lead_phone", "8 (415) 555-0006", "error"]]');
CREATE TABLE record (
    seq integer primary key,      -- position in the run, from 1, without gaps
    source integer not null,
    sheet text not null,
    row integer not null,
    cells text,                   -- JSON list in header order, for rejects and second judgements
                                  -- (empty: the row's block has them, null: not kept)
    problems text,                -- what reading found, as `pack_problems` writes it
    email text not null,          -- the contact's key; empty for a bare row
    contact text not null,        -- empty: the e-mail
    warnings text,                -- what was doubtful about a row that passed; likewise
    body blob,                    -- the form without the key (empty: the row's block has it,
                                  -- null: cannot be sent)
    checksum integer              -- of e-mail and body, as `checksum` makes it (null: of the block)
);
INSERT INTO "record" VALUES(1,1,'',2,'',NULL,'p1@example.org','',NULL,X'',NULL);
INSERT INTO "record" VALUES(2,1,'',3,'',NULL,'','+14155550002',NULL,X'',NULL);
INSERT INTO "record" VALUES(3,1,'',4,'["not an address", "Person 3", "(415) 555-0003", "new"]',NULL,'','+14155550003',NULL,NULL,NULL);
INSERT INTO "record" VALUES(4,1,'',5,'',NULL,'p4@example.org','',NULL,X'',NULL);
INSERT INTO "record" VALUES(5,1,'',6,'',NULL,'','+14155550005',NULL,X'',NULL);
INSERT INTO "record" VALUES(6,1,'',7,'["p6@example.org", "Person 6", "8 (415) 555-0006", "new"]',NULL,'p6@example.org','',NULL,NULL,NULL);
INSERT INTO "record" VALUES(7,1,'',8,'',NULL,'','+14155550007',NULL,X'',NULL);
CREATE TABLE source (id integer primary key, info text not null);
INSERT INTO "source" VALUES(1,'{"name": "/FOLDER/contacts.csv", "kind": "csv", "sheet": "", "encoding": "utf-8", "header_row": 1, "header": ["E-mail", "Name", "Phone", "Tags"], "labels": ["E-mail", "Name", "Phone", "Tags"], "sha256": "5971a08cf22d0869438e20178c418e67d4e4b727c3a804b6ca5e6e3f6043a142", "dialect": {"delimiter": ",", "quotechar": "\"", "escapechar": "", "lineterminator": "\r\n", "sep_line": ""}}');
CREATE INDEX special on outcome (seq, status, error_code) where (status <> 'success' or error_code <> '0' or attempts <> 1);
COMMIT;
