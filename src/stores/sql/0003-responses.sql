-- Evaluations may name what they are about by the provider's id of the response alone, before or after its span.

-- Spans by such an id, written as hex, so that it is one word. Ids are random: in an ordinary index each would change a
-- page of its own, which halves the speed of ingest; a full-text index collects and merges them.
create virtual table span_responses using fts5(
  response, content='', contentless_delete=1, detail=none, tokenize='ascii'
);
insert into span_responses (rowid, response)
select id, hex(substr(response_id, 1, 128)) from (
  select id, coalesce(
    nullif(json_extract(body, '$.attributes."gen_ai.response.id"'), ''),
    json_extract(body, '$.attributes."ai.response.id"')
  ) as response_id
  -- Looking for the name first spares most spans the parser.
  from spans where instr(body, 'ai.response.id"') > 0 and json_valid(body)
) where response_id <> '';

-- Only while it may still find a better place than it has: the response that it names, and the ids that it came with.
alter table feedback add column response_id text;
alter table feedback add column named_trace text;
alter table feedback add column named_span text;
create index feedback_by_response on feedback (response_id, named_trace) where response_id is not null;
create index feedback_unplaced on feedback (response_id) where response_id is not null and trace_id = named_trace;
