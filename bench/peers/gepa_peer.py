"""The real gepa package on simulated worlds over HTTP, through its public `optimize` and its DefaultAdapter.

A job is a line of JSON from standard input: url, start, train, val, budget, seed, settings; the result is a line back.
The settings are the arguments of `gepa.optimize`; `validation_tasks` cuts the validation set.
"""

import http.client
import json
import sys
from urllib.parse import urlsplit

import gepa
from gepa.adapters.default_adapter.default_adapter import DefaultAdapter, EvaluationResult


class Exact:
    """The exact grader, with the feedback that the package's own evaluator gives."""

    def __call__(self, data, response):
        right = response.strip() == data["answer"].strip()
        feedback = (
            "The generated response is correct."
            if right
            else f"The generated response is incorrect. The correct answer is '{data['answer']}'."
        )
        return EvaluationResult(score=float(right), feedback=feedback, objective_scores=None)


class Silent:
    def log(self, *_args, **_more):
        pass


def tasks(items):
    return [{"input": item["input"], "answer": item["expected"], "additional_context": {}} for item in items]


def run(job):
    address = urlsplit(job["url"])
    connection = http.client.HTTPConnection(address.hostname, address.port)

    def chat(model, messages):
        body = json.dumps({"model": model, "messages": messages})
        connection.request("POST", f"{address.path}/chat/completions", body, {"content-type": "application/json"})
        reply = connection.getresponse()
        text = reply.read()
        if reply.status != 200:
            raise RuntimeError(f"the server answered {reply.status}: {text[:200]!r}")
        return json.loads(text)["choices"][0]["message"]["content"]

    def reflect(prompt):
        return chat("sim-editor", [{"role": "user", "content": prompt}] if isinstance(prompt, str) else prompt)

    settings = dict(job["settings"])
    val = job["val"][: settings.pop("validation_tasks", len(job["val"]))]
    result = gepa.optimize(
        seed_candidate={"system_prompt": job["start"]},
        trainset=tasks(job["train"]),
        valset=tasks(val),
        adapter=DefaultAdapter(model=lambda messages: chat("sim-agent", messages), evaluator=Exact()),
        reflection_lm=reflect,
        max_metric_calls=job["budget"],
        seed=job["seed"],
        display_progress_bar=False,
        logger=Silent(),
        **settings,
    )
    connection.close()
    return {"prompt": result.best_candidate["system_prompt"], "reported": max(result.val_aggregate_scores)}


answers, sys.stdout = sys.stdout, sys.stderr
for line in sys.stdin:
    print(json.dumps(run(json.loads(line))), file=answers, flush=True)
