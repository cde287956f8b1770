-- Spans, one summary row for each trace, and what was said about traces afterwards.
-- Times are decimal nanoseconds padded to 20 digits: text order is time order, and no value is too large.

create table spans (
  -- The trace's id times 2^24 plus a number within the trace: a trace's spans lie together, and a hit in span_words
  -- names its trace without a look here.
  id integer primary key,
  trace integer not null,
  span_id text not null,
  start_ns text not null,
  failed integer not null,
  input_tokens integer not null,
  output_tokens integer not null,
  body text not null
) strict;
create unique index spans_by_id on spans (trace, span_id);

create table traces (
  id integer primary key,
  trace_id text not null unique,
  start_ns text not null,
  end_ns text not null,
  spans integer not null,
  errors integer not null,
  input_tokens integer not null,
  output_tokens integer not null,
  score real,
  feedback integer not null,
  session_id text,
  user_id text,
  service text not null,
  -- The *_rank columns say which span a text came from, so that a better one replaces it whenever it arrives.
  name text not null,
  name_rank text not null,
  models text not null,
  tools text not null,
  input text not null,
  input_rank text not null,
  output text not null,
  output_rank text not null
) strict;
create index traces_by_start on traces (start_ns, trace_id);
create index traces_failed on traces (start_ns, trace_id) where errors > 0;
create index traces_scored on traces (start_ns, trace_id, score) where score is not null;
create index traces_by_session on traces (session_id, start_ns, trace_id) where session_id is not null;
create index traces_by_user on traces (user_id, start_ns, trace_id) where user_id is not null;

-- Models and tools that a trace used. `trace` is its row id: new rows go to the end of every index.
create table trace_names (
  kind text not null,
  name text not null,
  trace integer not null,
  primary key (kind, name, trace)
) strict, without rowid;
create index trace_names_by_trace on trace_names (trace);

-- Words of messages, tool calls, results and errors, by span id. The texts themselves are in the spans.
create virtual table span_words using fts5(
  words, content='', contentless_delete=1, detail=none, tokenize='unicode61 remove_diacritics 2'
);

-- Events that arrived apart from their spans.
create table late_events (
  trace_id text not null,
  span_id text not null,
  time_ns text not null,
  body text not null,
  primary key (trace_id, span_id, time_ns, body)
) strict, without rowid;

create table feedback (
  id text primary key,
  trace_id text not null,
  span_id text,
  name text not null,
  source text not null,
  score real,
  label text not null,
  comment text not null,
  correction text,
  at text not null,
  metadata text not null
) strict;
create index feedback_by_trace on feedback (trace_id, at);

-- Late spans of a deleted trace must not bring it back.
create table deleted_traces (
  trace_id text primary key
) strict, without rowid;
