"""Reads Prometheus' text format (version 0.0.4)."""

import re

SAMPLE = re.compile(r'^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$')
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)",?')


class Metrics:
    def __init__(self, text):
        self.text = text
        self.samples = []  # (name, labels, value)
        for line in text.splitlines():
            if not line or line.startswith("#"):
                continue
            match = SAMPLE.match(line)
            if not match:
                raise AssertionError(f"not a sample: {line!r}")
            name, labels, value = match.groups()
            self.samples.append((name, dict(LABEL.findall(labels or "")), float(value)))

    def matching(self, name, **labels):
        return [
            (found, value)
            for sample, found, value in self.samples
            if sample == name and all(found.get(label) == wanted for label, wanted in labels.items())
        ]

    def total(self, name, **labels):
        """The sum of all samples with these labels; 0 where there are none. There must be such a series."""
        if name not in self.names() and f"# TYPE {name} " not in self.text:
            raise AssertionError(f"no series is named {name}")
        return sum(value for _, value in self.matching(name, **labels))

    def names(self):
        return {name for name, _, _ in self.samples}
