"""Works that are traffic through a proxy: CPU time a request, and how the client fared."""

import time
from dataclasses import dataclass

from .contenders import Origin, start
from .load import Wrk
from .measure import Moment, between
from .processes import Failed, Processes
from .verify import check, cookies_of

COLUMNS = ("user_us", "system_us", "cpu_us", "per_s", "p50_us", "p99_us")
TAIL_SECONDS = 0.3  # the load goes on a little longer than is measured
ERRORS_SHARE_MAX = 0.001
OFFERED_SHARE = 0.5  # of what the slowest contender can do
CALIBRATION_SECONDS = 1


@dataclass
class Traffic:
    name: str
    title: str
    load: object
    contenders: tuple = ("limpet", "nginx", "haproxy", "floor")
    session: str = "header"
    metric: str = "cpu_us"
    warm_up_seconds: float = 0.7
    columns: tuple = COLUMNS

    def prepare(self, bench):
        """Each contender once, in what it answers, not in how fast."""
        for name in self.contenders:
            with Processes() as processes:
                check(name, start(name, bench, processes, Origin(bench, processes), self.session).port, self.session)

    def sample(self, bench, name):
        return self.run(bench, name, self.load, bench.seconds)

    def run(self, bench, name, load, seconds):
        with Processes() as processes:
            origin = Origin(bench, processes)
            proxy = start(name, bench, processes, origin, self.session)
            cookies = cookies_of(proxy.port, load.cookies) if getattr(load, "cookies", 0) else ()
            load_run = load.start(bench, processes, proxy.port, self.warm_up_seconds + seconds + TAIL_SECONDS, cookies)
            time.sleep(self.warm_up_seconds)
            pids, beside = proxy.pids(), [origin.process.pid, *load_run.pids]
            try:
                first = Moment(bench, pids, beside, origin.count)
                time.sleep(seconds)
                last = Moment(bench, pids, beside, origin.count)
            except OSError as error:
                load_run.result()  # says what is wrong where the load ended early
                proxy.process.check()
                raise Failed(f"a process went away: {error}") from error
            result = load_run.result()
            proxy.process.check()
        if result["errors"] > ERRORS_SHARE_MAX * result["requests"]:
            raise Failed(f"{result['errors']} of {result['requests']} requests failed")
        return {**between(first, last), **result}


class OfferedLoad(Traffic):
    """Latency while all have the same to do, so that none looks quick because it is offered less."""

    def prepare(self, bench):
        super().prepare(bench)
        able = [
            self.run(bench, name, Wrk(self.load.connections), CALIBRATION_SECONDS)["per_s"] for name in self.contenders
        ]
        self.load.rate = max(1000, int(min(able) * OFFERED_SHARE) // 1000 * 1000)
        self.title = f"{self.title}, {self.load.rate:,} a second"
