"""Runs the real gepa package on one simulated world over HTTP, with its defaults.

Reads one JSON object from standard input: url, start, train, val, budget, seed, settings. Writes one to standard output.
"""

import json
import sys
import urllib.request

import gepa
from gepa.adapters.default_adapter.default_adapter import DefaultAdapter, EvaluationResult

job = json.load(sys.stdin)
spent = {"calls": 0, "tokens": 0}


def chat(model, messages):
    body = json.dumps({"model": model, "messages": messages}).encode()
    request = urllib.request.Request(f"{job['url']}/chat/completions", body, {"content-type": "application/json"})
    with urllib.request.urlopen(request) as response:
        reply = json.load(response)
    spent["calls"] += 1
    spent["tokens"] += reply["usage"]["prompt_tokens"] + reply["usage"]["completion_tokens"]
    return reply["choices"][0]["message"]["content"]


def reflect(prompt):
    messages = [{"role": "user", "content": prompt}] if isinstance(prompt, str) else prompt
    return chat("sim-editor", messages)


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


result = gepa.optimize(
    seed_candidate={"system_prompt": job["start"]},
    trainset=tasks(job["train"]),
    valset=tasks(job["val"]),
    adapter=DefaultAdapter(model=lambda messages: chat("sim-agent", messages), evaluator=Exact()),
    reflection_lm=reflect,
    max_metric_calls=job["budget"],
    seed=job["seed"],
    display_progress_bar=False,
    logger=Silent(),
    **job["settings"],
)
json.dump(
    {
        "prompt": result.best_candidate["system_prompt"],
        "reported": max(result.val_aggregate_scores),
        "rollouts": result.total_metric_calls,
        **spent,
    },
    sys.stdout,
)
