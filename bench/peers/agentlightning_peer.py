"""The APO class of agentlightning 0.3.0 on simulated worlds over HTTP, with its own store and runner.

A job is a line of JSON as in gepa_peer.py; the settings are the arguments of the class. It has no budget of its own:
the run is cancelled when the agent is asked for one rollout more than the budget, and the best prompt so far counts.

Only waiting and preparing differ from `Trainer.fit`, not what is asked or answered:
- Algorithm and runners share one process, and poll every 50 ms instead of every 2 and 5 seconds; the validator of messages
  is built once instead of for each message.
- poml starts a Node process for each request (about a second of work). Here each of its five templates is rendered once
  for each number of rollouts, with marks in the places of the values; after that the marks are replaced. The first
  request from each template is rendered both ways and compared.
- The exact grader calls no model, so it leaves a span in the form of a judge's call, with the expected answer in it: what
  the judge of the package's own example shows to the critic.
"""

import asyncio
import functools
import json
import logging
import random
import sys
import time
from contextlib import asynccontextmanager
from types import SimpleNamespace

import httpx
import poml
from agentlightning import LitAgent
from agentlightning.adapter import messages as adapter_messages
from agentlightning.adapter.messages import TraceToMessages
from agentlightning.algorithm.apo import apo
from agentlightning.emitter import emit_reward
from agentlightning.runner import LitAgentRunner
from agentlightning.store.memory import InMemoryLightningStore
from agentlightning.tracer.dummy import DummyTracer
from agentlightning.types import PromptTemplate, SpanCoreFields, TraceStatus
from openai import AsyncOpenAI

POLL_SECONDS = 0.05
# As in the package's own example.
RUNNERS = 8

logging.disable(logging.WARNING)
adapter_messages.TypeAdapter = functools.cache(adapter_messages.TypeAdapter)
apo.asyncio = SimpleNamespace(sleep=lambda _seconds: asyncio.sleep(POLL_SECONDS))


class Renderer:
    """poml.poml with the two signatures that apo.py uses."""

    def __init__(self):
        self.rendered = {}
        self.checked = set()

    def poml(self, template, context, format):
        marks = []

        def mark(value, text=False):
            """What stands in the place of the value: text for text, a list or an object for what poml shows as JSON."""
            name = f"MARK-{len(marks)}-MARK"
            place = name if text else [name] if isinstance(value, list) else {"mark": name}
            marks.append((place, value) if text else (self.json(place), self.json(value)))
            return place

        def mark_run(run):
            reward = run["final_reward"]
            return {
                "status": mark(run["status"], text=True),
                "final_reward": mark("" if reward is None else self.json(reward), text=True),
                "spans": [mark(span) for span in run["spans"]],
                "messages": mark(run["messages"]),
            }

        marked = {
            key: [mark_run(run) for run in value] if key == "experiments" else mark(value, text=True)
            for key, value in context.items()
        }
        key = (template.name, tuple(len(run["spans"]) for run in context.get("experiments", [])))
        if key not in self.rendered:
            self.rendered[key] = poml.poml(template, context=marked, format=format)["messages"]
        messages = [{**message, "content": self.fill(message["content"], marks)} for message in self.rendered[key]]
        if template.name not in self.checked:
            self.checked.add(template.name)
            true = poml.poml(template, context=context, format=format)["messages"]
            if true != messages:
                raise RuntimeError(f"poml renders {template.name} otherwise:\n{true}\nand not\n{messages}")
        return {"messages": messages}

    @staticmethod
    def fill(text, marks):
        for place, value in marks:
            text = text.replace(place, value)
        return text

    @classmethod
    def json(cls, value):
        return json.dumps(cls.numbers(value), separators=(",", ":"), ensure_ascii=False)

    @classmethod
    def numbers(cls, value):
        """Whole numbers without the .0, as JavaScript writes them."""
        if isinstance(value, dict):
            return {key: cls.numbers(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [cls.numbers(item) for item in value]
        return int(value) if isinstance(value, float) and value.is_integer() else value


apo.poml = Renderer()


def chat_span(model, messages, answer, started):
    attributes = {
        "gen_ai.request.model": model,
        "gen_ai.completion.0.role": "assistant",
        "gen_ai.completion.0.content": answer,
    }
    for index, message in enumerate(messages):
        attributes[f"gen_ai.prompt.{index}.role"] = message["role"]
        attributes[f"gen_ai.prompt.{index}.content"] = message["content"]
    return SpanCoreFields(
        name="openai.chat.completion",
        status=TraceStatus(status_code="OK"),
        attributes=attributes,
        start_time=started,
        end_time=time.time(),
    )


class NoTracer(DummyTracer):
    """For agents that return their spans."""

    @asynccontextmanager
    async def trace_context(self, *_args, **_more):
        yield None


def start_runner(number, agent, store):
    runner = LitAgentRunner(NoTracer(), poll_interval=POLL_SECONDS, interval_jitter=0, heartbeat_interval=0)
    runner.init(agent)
    runner.init_worker(number, store)
    return runner


class SupportAgent(LitAgent):
    def __init__(self, client, url, budget):
        super().__init__()
        self.client, self.url, self.left = client, url, budget
        # Set to None when the budget is used up, to the error when a call fails: the runner itself would only log it.
        self.over = asyncio.get_running_loop().create_future()

    async def rollout_async(self, task, resources, rollout):
        if self.left == 0:
            if not self.over.done():
                self.over.set_result(None)
            await asyncio.Future()
        self.left -= 1
        started = time.time()
        # The template as it is: worlds have no placeholders, and `format` would fail on any brace.
        messages = [
            {"role": "system", "content": resources["prompt"].template},
            {"role": "user", "content": task["input"]},
        ]
        try:
            reply = await self.client.post(self.url, json={"model": "sim-agent", "messages": messages})
            reply.raise_for_status()
        except httpx.HTTPError as error:
            if not self.over.done():
                self.over.set_exception(error)
            raise
        answer = reply.json()["choices"][0]["message"]["content"]
        score = float(answer.strip() == task["expected"].strip())
        question = f"Task: {task['input']}\nAnswer: {answer}\nExpected answer: {task['expected']}\nAre they equal? 1 or 0."
        return [
            chat_span("sim-agent", messages, answer, started),
            chat_span("exact", [{"role": "user", "content": question}], f"{score:.0f}", time.time()),
            emit_reward(score, propagate=False),
        ]


async def run(job):
    random.seed(job["seed"])
    # No time limit: rendering holds up the event loop for seconds.
    async with httpx.AsyncClient(timeout=None) as client, AsyncOpenAI(base_url=job["url"], api_key="none") as critic:
        agent = SupportAgent(client, f"{job['url']}/chat/completions", job["budget"])
        store = InMemoryLightningStore()
        algorithm = apo.APO(
            critic,
            gradient_model="sim-critic",
            apply_edit_model="sim-editor",
            **job["settings"],
        )
        adapter = TraceToMessages()
        algorithm.set_store(store)
        algorithm.set_adapter(adapter)
        algorithm.set_initial_resources({"prompt": PromptTemplate(template=job["start"], engine="f-string")})
        working = asyncio.gather(*(start_runner(number, agent, store).iter() for number in range(RUNNERS)))
        searching = asyncio.create_task(algorithm.run(train_dataset=job["train"], val_dataset=job["val"]))
        ended, _ = await asyncio.wait({searching, agent.over, working}, return_when=asyncio.FIRST_COMPLETED)
        for task in ended:
            task.result()
        for task in (searching, agent.over, working):
            task.cancel()
        await asyncio.gather(searching, agent.over, working, return_exceptions=True)
    return {
        "prompt": algorithm.get_best_prompt().template,
        # The package keeps it to itself and logs it.
        "reported": algorithm._history_best_score,
    }


answers, sys.stdout = sys.stdout, sys.stderr
for line in sys.stdin:
    result = asyncio.run(run(json.loads(line)))
    print(json.dumps(result), file=answers, flush=True)
