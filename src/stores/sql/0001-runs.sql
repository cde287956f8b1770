-- Append-only facts (calls, rollouts, candidates, prompt versions) and small mutable pointers (run status, owners, labels).
-- Narrow columns stand before the JSON texts, so that reading them never walks a row's overflow pages.

-- The first table: its row stays on page 2 of the file. `marks` is changed now and then, so that the page is in the
-- write-ahead log too and a log of another store can be told apart.
create table store_identity (id text not null, marks integer not null) strict;
insert into store_identity values (lower(hex(randomblob(16))), 0);

create table runs (
  id text primary key,
  status text not null check (status in ('running', 'completed', 'stopped', 'failed')),
  reason text not null,
  algorithm text not null,
  seed integer not null,
  created_at text not null,
  updated_at text not null,
  config text not null,
  result text
) strict;
create index runs_by_date on runs (created_at);

create table owners (
  run_id text primary key references runs (id),
  pid integer not null,
  host text not null,
  process_start text not null
) strict, without rowid;

create table calls (
  id integer primary key,
  run_id text not null references runs (id),
  role text not null,
  key text not null,
  state text not null check (state in ('started', 'released', 'done')),
  resent integer not null default 0,
  attempts integer not null default 0,
  input integer not null default 0,
  output integer not null default 0,
  cached integer not null default 0,
  reasoning integer not null default 0,
  estimated integer not null default 0,
  cost_micro_usd integer,
  started_at text not null,
  finished_at text,
  request text not null,
  reply text,
  unique (run_id, role, key)
) strict;

-- Sums over calls, kept in the transaction that changes a call.
create table call_totals (
  run_id text not null references runs (id),
  role text not null,
  calls integer not null default 0,
  in_doubt integer not null default 0,
  input integer not null default 0,
  output integer not null default 0,
  cached integer not null default 0,
  reasoning integer not null default 0,
  estimated integer not null default 0,
  cost_micro_usd integer not null default 0,
  unknown_costs integer not null default 0,
  in_doubt_micro_usd integer not null default 0,
  in_doubt_unknown_costs integer not null default 0,
  primary key (run_id, role)
) strict, without rowid;

create table rollouts (
  position integer primary key,
  run_id text not null references runs (id),
  id text not null,
  prompt_id text not null,
  task_id text not null,
  iteration integer not null,
  split text not null check (split in ('train', 'val', 'test')),
  status text not null,
  score real,
  body text not null,
  unique (run_id, id)
) strict;
create index rollouts_by_id on rollouts (id);
create index rollouts_by_prompt on rollouts (run_id, prompt_id);
create index rollouts_by_task on rollouts (run_id, task_id);

create table candidates (
  position integer primary key,
  run_id text not null references runs (id),
  prompt_id text not null,
  iteration integer not null,
  rejected text,
  body text not null,
  unique (run_id, prompt_id)
) strict;

create table prompts (
  version integer primary key,
  prompt_id text not null unique,
  components text not null
) strict;

create table prompt_results (
  position integer primary key,
  prompt_id text not null references prompts (prompt_id),
  run_id text not null,
  score real,
  interval_low real,
  interval_high real,
  n integer not null,
  verdict text not null,
  created_at text not null,
  explanation text not null,
  unique (prompt_id, run_id)
) strict;

create table labels (
  label text primary key,
  prompt_id text not null references prompts (prompt_id)
) strict, without rowid;
