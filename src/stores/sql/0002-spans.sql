create table spans (
  trace_id text not null,
  span_id text not null,
  start_ns text not null,
  body text not null,
  primary key (trace_id, span_id)
) strict, without rowid;
