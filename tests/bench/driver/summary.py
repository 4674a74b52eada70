"""From the rounds' samples to medians, ratios, verdicts, and whether the machine was quiet enough for them."""

import statistics

from .contenders import LABELS, PEERS
from .targets import BETTER_PEER, TARGETS, Absolute

# Above these shares the machine was not quiet. All are of the time that was measured.
LIMITS = (
    ("others_on_proxy_core", 0.05, "others on the proxy's core {:.0%}"),
    ("others_on_load_core", 0.10, "others on the load's core {:.0%}"),
    ("waited_share", 0.05, "waited for its core {:.0%}"),
    ("stolen_share", 0.01, "the hypervisor took {:.0%}"),
)
# A contender's rounds may differ by so much of their median. Tails and short times differ more by nature.
SPREAD_MAX = {"cpu_us": 0.10, "bytes": 0.10}
SPREAD_MAX_ELSE = 0.40

TOO_NOISY = "too noisy to tell"


def median_sample(rounds):
    keys = [key for key, value in rounds[0].items() if isinstance(value, (int, float))]
    return {key: statistics.median(one[key] for one in rounds) for key in keys}


def ratio(metric, samples, against):
    """Limpet's figure over the other's, round by round, so that what drifts meanwhile cancels out."""
    others = PEERS if against == BETTER_PEER else (against,)
    pairs = zip(samples["limpet"], zip(*(samples[name] for name in others)))
    rounds = [own[metric] / max(1e-9, min(other[metric] for other in several)) for own, several in pairs]
    return {"rounds": rounds, "median": statistics.median(rounds), "min": min(rounds), "max": max(rounds)}


def noise_of(metric, samples):
    """A line of text for each contender whose figures were disturbed, with the worst round's shares of the time."""
    found = []
    for name, rounds in samples.items():
        told = []
        for key, limit, text in LIMITS:
            over = [one[key] for one in rounds if one.get(key, 0) > limit]
            if over:
                told.append(f"{text.format(max(over))} in {len(over)} of {len(rounds)} rounds")
        values = [one[metric] for one in rounds]
        spread = (max(values) - min(values)) / max(1e-9, statistics.median(values))
        if spread > SPREAD_MAX.get(metric, SPREAD_MAX_ELSE):
            told.append(f"rounds differ by {spread:.0%}")
        if told:
            found.append(f"{LABELS[name]}: {'; '.join(told)}")
    return found


def disturbed_rounds(samples):
    """In how many rounds something else took the cores of any contender."""
    rounds = zip(*samples.values())
    return sum(any(one.get(key, 0) > limit for one in several for key, limit, _ in LIMITS) for several in rounds)


def verdict(at_most, value, low, high, is_noisy):
    """A figure that noise could have moved over the limit decides nothing."""
    if is_noisy and low <= at_most < high:
        return TOO_NOISY
    return "pass" if value <= at_most else "miss"


def check(target, work, samples, ratios, noise, is_disturbed):
    if isinstance(target, Absolute):
        values = [one[target.metric] for one in samples["limpet"]]
        value, low, high = statistics.median(values), min(values), max(values)
        what = {"metric": target.metric}
    else:
        found = ratios[target.against]
        value, low, high = found["median"], found["min"], found["max"]
        what = {"metric": work.metric, "against": target.against}
    told = TOO_NOISY if is_disturbed else verdict(target.at_most, value, low, high, bool(noise))
    return {**what, "at_most": target.at_most, "value": value, "min": low, "max": high, "verdict": told}


def summarize(work, samples):
    """`samples`: a contender's name to one sample a round."""
    targets = TARGETS.get(work.name, ())
    against = [name for name in samples if name != "limpet"]
    if any(getattr(target, "against", None) == BETTER_PEER for target in targets):
        against.append(BETTER_PEER)
    ratios = {name: ratio(work.metric, samples, name) for name in against}
    noise = noise_of(work.metric, samples)
    disturbed, rounds = disturbed_rounds(samples), len(samples["limpet"])
    return {
        "work": work.name,
        "title": work.title,
        "metric": work.metric,
        "columns": list(work.columns),
        "contenders": {name: {"median": median_sample(rounds), "rounds": rounds} for name, rounds in samples.items()},
        "ratios": ratios,
        "checks": [check(target, work, samples, ratios, noise, disturbed * 2 >= rounds) for target in targets],
        "noise": noise,
        "disturbed_rounds": disturbed,
    }
