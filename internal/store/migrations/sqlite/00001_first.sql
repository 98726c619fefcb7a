-- Times are microseconds since 1970, UTC; durations are nanoseconds. Ids are the
-- 16 bytes of a UUID. Every key begins with the tenant, of which there is one, 1.
-- Nothing is declared as a foreign key: who writes is one goroutine, which sees to
-- it, and a look-up for each row is saved. What is not known is '', 0 or NULL.

-- +goose Up

-- What was or will be sent.
CREATE TABLE messages (
  tenant        INTEGER NOT NULL,
  id            BLOB    NOT NULL,
  stream        TEXT    NOT NULL,
  stream_told   INTEGER NOT NULL, -- else it was found by sender and login
  message_id    TEXT    NOT NULL, -- with its angle brackets
  sender        TEXT    NOT NULL,
  sender_known  INTEGER NOT NULL, -- tells <> from not told
  sender_domain TEXT    NOT NULL, -- normal form
  subject       TEXT    NOT NULL,
  client        TEXT    NOT NULL, -- who handed it in
  login         TEXT    NOT NULL, -- as whom the client had logged in
  size          INTEGER NOT NULL,
  at            INTEGER NOT NULL, -- when it was first heard of
  heard_day     INTEGER NOT NULL, -- the last day on which it was heard of, in days since 1970
  registered    INTEGER NOT NULL,
  source        TEXT    NOT NULL, -- kind:name
  queues        TEXT    NOT NULL, -- JSON: the queue ids it had, sorted
  PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX messages_message_id ON messages (tenant, message_id) WHERE message_id <> '';
CREATE INDEX messages_at ON messages (tenant, at, id);

-- A message's time under a queue id; short queue ids are used again.
CREATE TABLE queues (
  tenant       INTEGER NOT NULL,
  queue_id     TEXT    NOT NULL,
  host         TEXT    NOT NULL, -- the server whose queue it is
  id           BLOB    NOT NULL, -- of this use
  message      BLOB,
  first_at     INTEGER NOT NULL,
  last_at      INTEGER NOT NULL,
  removed_at   INTEGER NOT NULL, -- 0 while it is queued
  opened       INTEGER NOT NULL, -- first_at is when it came in, not when it was first heard of
  message_id   TEXT    NOT NULL,
  sender       TEXT    NOT NULL,
  sender_known INTEGER NOT NULL,
  client       TEXT    NOT NULL,
  login        TEXT    NOT NULL,
  size         INTEGER NOT NULL,
  came_from    TEXT    NOT NULL, -- the queue id under which the same message was in a queue of ours before
  expired      BLOB    NOT NULL, -- ids of events about all recipients in it, one after the other
  PRIMARY KEY (tenant, queue_id, host, id)
) STRICT, WITHOUT ROWID;

-- One message to one recipient, and where it stands. What follows state is made
-- from state, and from the message.
CREATE TABLE deliveries (
  tenant          INTEGER NOT NULL,
  id              BLOB    NOT NULL,
  message         BLOB    NOT NULL,
  recipient       TEXT    NOT NULL, -- as first spelled
  normal          TEXT    NOT NULL, -- normal form
  domain          TEXT    NOT NULL, -- normal form
  original        TEXT    NOT NULL, -- what it was before it was rewritten
  original_normal TEXT    NOT NULL,
  registered      INTEGER NOT NULL, -- by an API's client, who chose its id
  stream          TEXT    NOT NULL,
  sender_domain   TEXT    NOT NULL,
  state           BLOB    NOT NULL, -- delivery.State as JSON
  outcome         TEXT    NOT NULL,
  complained      INTEGER NOT NULL,
  auto_reply      INTEGER NOT NULL,
  attempts        INTEGER NOT NULL,
  event           BLOB, -- the one that decided
  shown           BLOB, -- the one whose answer is shown
  proof           TEXT    NOT NULL, -- of event
  code            TEXT    NOT NULL,
  reply_code      INTEGER NOT NULL,
  reason          TEXT    NOT NULL,
  receiver        TEXT    NOT NULL,
  first_at        INTEGER NOT NULL,
  last_at         INTEGER NOT NULL,
  since_at        INTEGER NOT NULL, -- when the outcome came about
  PRIMARY KEY (tenant, id)
) STRICT;
CREATE UNIQUE INDEX deliveries_message ON deliveries (tenant, message, normal);
CREATE INDEX deliveries_normal ON deliveries (tenant, normal, last_at);
CREATE INDEX deliveries_domain ON deliveries (tenant, domain, last_at);
CREATE INDEX deliveries_last ON deliveries (tenant, last_at, id);

-- News, one row each, never changed; delivery and queue_use say what it was found
-- to be about.
CREATE TABLE events (
  tenant         INTEGER NOT NULL,
  id             BLOB    NOT NULL,
  key            BLOB    NOT NULL,
  delivery       BLOB,
  queue_use      BLOB,
  kind           TEXT    NOT NULL,
  told           TEXT    NOT NULL,
  wide           INTEGER NOT NULL,
  source_kind    TEXT    NOT NULL,
  source_name    TEXT    NOT NULL,
  proof          TEXT    NOT NULL,
  at             INTEGER NOT NULL,
  precise_to     INTEGER NOT NULL,
  received       INTEGER NOT NULL,
  skewed         INTEGER NOT NULL,
  ref_delivery   BLOB,
  ref_message    BLOB,
  host           TEXT    NOT NULL,
  queue_id       TEXT    NOT NULL,
  message_id     TEXT    NOT NULL,
  recipient      TEXT    NOT NULL,
  original       TEXT    NOT NULL,
  sender         TEXT    NOT NULL,
  sender_known   INTEGER NOT NULL,
  stream         TEXT    NOT NULL,
  subject        TEXT    NOT NULL,
  reply          BLOB    NOT NULL, -- word for word, in whatever encoding
  reply_code     INTEGER NOT NULL,
  code           TEXT    NOT NULL,
  stage          TEXT    NOT NULL,
  remote_host    TEXT    NOT NULL,
  reporting_host TEXT    NOT NULL,
  next_id        TEXT    NOT NULL,
  soft           INTEGER NOT NULL,
  raw            BLOB,
  detail         TEXT    NOT NULL,
  PRIMARY KEY (tenant, id)
) STRICT;
CREATE UNIQUE INDEX events_key ON events (tenant, key);
CREATE INDEX events_delivery ON events (tenant, delivery, at) WHERE delivery IS NOT NULL;
CREATE INDEX events_at ON events (tenant, at, id);

-- The verdict on an event under one version of the rules.
CREATE TABLE judgements (
  tenant      INTEGER NOT NULL,
  event       BLOB    NOT NULL,
  rules       TEXT    NOT NULL, -- the version
  reason      TEXT    NOT NULL,
  permanence  INTEGER NOT NULL,
  scope       TEXT    NOT NULL,
  action      TEXT    NOT NULL,
  basis       TEXT    NOT NULL,
  rule        TEXT    NOT NULL,
  receiver    TEXT    NOT NULL,
  retry_after INTEGER NOT NULL,
  PRIMARY KEY (tenant, event, rules)
) STRICT, WITHOUT ROWID;

-- Messages that brought news, as they came.
CREATE TABLE raws (
  tenant     INTEGER NOT NULL,
  id         BLOB    NOT NULL,
  sender     TEXT    NOT NULL, -- the envelope's
  recipients TEXT    NOT NULL, -- JSON: the envelope's
  received   INTEGER NOT NULL,
  kind       TEXT    NOT NULL, -- what it was read as
  data       BLOB    NOT NULL,
  PRIMARY KEY (tenant, id)
) STRICT;
CREATE INDEX raws_received ON raws (tenant, received);

-- How many deliveries stand where. Each is counted in one row.
CREATE TABLE rollups (
  tenant        INTEGER NOT NULL,
  hour          INTEGER NOT NULL, -- of deliveries.since_at, in hours since 1970
  receiver      TEXT    NOT NULL,
  reason        TEXT    NOT NULL,
  sender_domain TEXT    NOT NULL,
  stream        TEXT    NOT NULL,
  outcome       TEXT    NOT NULL,
  n             INTEGER NOT NULL,
  PRIMARY KEY (tenant, hour, receiver, reason, sender_domain, stream, outcome)
) STRICT, WITHOUT ROWID;

-- What is said, names and numbers aside.
CREATE TABLE reply_shapes (
  tenant   INTEGER NOT NULL,
  hash     BLOB    NOT NULL, -- of words
  words    TEXT    NOT NULL,
  n        INTEGER NOT NULL, -- events
  first_at INTEGER NOT NULL,
  last_at  INTEGER NOT NULL,
  example  BLOB    NOT NULL, -- the event that said it first
  PRIMARY KEY (tenant, hash)
) STRICT, WITHOUT ROWID;

-- Whom not to mail. One that was lifted is kept for the record.
CREATE TABLE suppressions (
  tenant    INTEGER NOT NULL,
  id        BLOB    NOT NULL,
  target    TEXT    NOT NULL,
  stream    TEXT    NOT NULL, -- '*' for all
  hash      BLOB    NOT NULL, -- keyed hash of target and normal form
  name      TEXT    NOT NULL, -- '' once erased
  state     TEXT    NOT NULL,
  rule      TEXT    NOT NULL,
  reason    TEXT    NOT NULL,
  step      INTEGER NOT NULL,
  since_at  INTEGER NOT NULL,
  until_at  INTEGER NOT NULL, -- 0: without end
  evidence  TEXT    NOT NULL, -- JSON: strikes
  added_by  TEXT    NOT NULL,
  note      TEXT    NOT NULL,
  lifted_at INTEGER NOT NULL,
  lifted_by TEXT    NOT NULL,
  lifted_to TEXT    NOT NULL, -- why
  PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX suppressions_one ON suppressions (tenant, hash, stream, rule) WHERE state <> 'lifted';
CREATE INDEX suppressions_hash ON suppressions (tenant, hash, stream, rule);
CREATE INDEX suppressions_since ON suppressions (tenant, since_at, id);

-- Failures that count against an address or a domain.
CREATE TABLE strikes (
  tenant   INTEGER NOT NULL,
  hash     BLOB    NOT NULL, -- as in suppressions
  stream   TEXT    NOT NULL,
  rule     TEXT    NOT NULL,
  delivery BLOB    NOT NULL,
  message  BLOB    NOT NULL,
  event    BLOB    NOT NULL,
  at       INTEGER NOT NULL,
  reason   TEXT    NOT NULL,
  code     TEXT    NOT NULL,
  reply    TEXT    NOT NULL, -- the beginning
  PRIMARY KEY (tenant, hash, stream, rule, delivery)
) STRICT, WITHOUT ROWID;

-- What people did to the lists, the keys and the like.
CREATE TABLE audit (
  tenant  INTEGER NOT NULL,
  id      BLOB    NOT NULL,
  at      INTEGER NOT NULL,
  who     TEXT    NOT NULL,
  what    TEXT    NOT NULL, -- the verb: 'suppression.add'
  subject TEXT    NOT NULL, -- the id of what it was done to
  note    TEXT    NOT NULL,
  PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE api_keys (
  tenant     INTEGER NOT NULL,
  id         TEXT    NOT NULL,
  name       TEXT    NOT NULL,
  scopes     TEXT    NOT NULL, -- JSON
  hash       BLOB    NOT NULL,
  created_at INTEGER NOT NULL,
  used_at    INTEGER NOT NULL,
  revoked_at INTEGER NOT NULL, -- 0: it holds
  PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;

-- How far a source has been read.
CREATE TABLE positions (
  tenant INTEGER NOT NULL,
  source TEXT    NOT NULL,
  data   BLOB    NOT NULL,
  at     INTEGER NOT NULL,
  PRIMARY KEY (tenant, source)
) STRICT, WITHOUT ROWID;

-- Requests that a client may send again without a second effect.
CREATE TABLE replays (
  tenant   INTEGER NOT NULL,
  client   TEXT    NOT NULL,
  key      TEXT    NOT NULL,
  body     BLOB    NOT NULL, -- SHA-256
  answer   BLOB    NOT NULL,
  until_at INTEGER NOT NULL,
  PRIMARY KEY (tenant, client, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX replays_until ON replays (tenant, until_at);

-- What a grown database looks like, so that the planner chooses the same indexes from
-- the first day on, and never the tenant's rows as a whole: rows, then rows that
-- share the first column of the index, the first two, and so on
-- (https://www.sqlite.org/fileformat2.html#stat1tab).
ANALYZE sqlite_schema;
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
  ('messages', 'messages', '1000000 1000000 1'),
  ('messages', 'messages_message_id', '1000000 1000000 1'),
  ('messages', 'messages_at', '1000000 1000000 1 1'),
  ('queues', 'queues', '1000000 1000000 2 2 1'),
  ('deliveries', 'sqlite_autoindex_deliveries_1', '1000000 1000000 1'),
  ('deliveries', 'deliveries_message', '1000000 1000000 2 1'),
  ('deliveries', 'deliveries_normal', '1000000 1000000 10 1'),
  ('deliveries', 'deliveries_domain', '1000000 1000000 1000 1'),
  ('deliveries', 'deliveries_last', '1000000 1000000 1 1'),
  ('events', 'sqlite_autoindex_events_1', '1000000 1000000 1'),
  ('events', 'events_key', '1000000 1000000 1'),
  ('events', 'events_delivery', '1000000 1000000 3 1'),
  ('events', 'events_at', '1000000 1000000 1 1'),
  ('judgements', 'judgements', '1000000 1000000 1 1'),
  ('raws', 'sqlite_autoindex_raws_1', '100000 100000 1'),
  ('raws', 'raws_received', '100000 100000 1'),
  ('rollups', 'rollups', '100000 100000 200 50 20 10 5 1'),
  ('reply_shapes', 'reply_shapes', '10000 10000 1'),
  ('suppressions', 'suppressions', '100000 100000 1'),
  ('suppressions', 'suppressions_hash', '100000 100000 9 3 2'),
  ('suppressions', 'suppressions_since', '100000 100000 1 1'),
  ('strikes', 'strikes', '100000 100000 5 5 3 1'),
  ('audit', 'audit', '10000 10000 1'),
  ('replays', 'replays', '10000 10000 1000 1'),
  ('replays', 'replays_until', '10000 10000 1');

-- +goose Down

DROP TABLE replays;
DROP TABLE positions;
DROP TABLE api_keys;
DROP TABLE audit;
DROP TABLE strikes;
DROP TABLE suppressions;
DROP TABLE reply_shapes;
DROP TABLE rollups;
DROP TABLE raws;
DROP TABLE judgements;
DROP TABLE events;
DROP TABLE deliveries;
DROP TABLE queues;
DROP TABLE messages;
