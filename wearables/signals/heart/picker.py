"""Which maxima of a QRS envelope are beats: adaptive levels, look-ahead, search-back.

Plain numbers only, one candidate after the other; `wearables.signals.heart.ecg` finds candidates.
"""

from typing import NamedTuple

from wearables.signals.operator import Memory

# Shares are of the level of recent beats; tuned on MIT-BIH records 101 108 203 207 208 only.
THRESHOLD_SHARE = 0.4
SEARCH_BACK_SHARE = 0.3
SEARCH_BACK_INTERVALS = 1.66
SEARCH_BACK_NOISE = 1.5
NOISE_FACTOR = 3.0
NOISE_CAP = 0.8
NOISE_GAIN = 0.06
LEVEL_RANK = 3
N_RECENT = 8
REFRACTORY_S = 0.26
T_WAVE_S = 0.36
T_WAVE_SHARE = 0.5
P_WAVE_S = 0.25
P_WAVE_SHARE = 0.6
P_WAVE_LEVEL = 0.5
FIRST_INTERVAL_S = 0.8
INTERVALS_S = (0.25, 2.0)
JUMP = 2.5
# Nobody who wears a garment has a pause this long.
SILENT_S = 3.0


class Candidate(NamedTuple):
    """A local maximum of the envelope: where, how high, and the noise when it became a beat."""

    at: int
    height: float
    noise: float = 0.0


class BeatPicker(Memory):
    """Takes candidates in order and says which are beats.

    A candidate is a beat if it is high against recent beats and noise, not soon after a higher
    beat (T wave) and not just before a higher candidate (P wave). After a pause of 1.66 usual
    intervals the highest candidate in it is taken if a lower bar is met.
    """

    memory = (
        "_levels", "_intervals", "level", "noise", "_usual", "last", "_passed_over", "_learned_at",
    )  # fmt: skip

    def __init__(self, *, rate_hz: float, search_back_s: float) -> None:
        self._rate_hz = rate_hz
        self._search_back = search_back_s * rate_hz
        self._levels = [0.0] * N_RECENT
        self._intervals = [FIRST_INTERVAL_S * rate_hz] * N_RECENT
        self.level = 0.0
        self.noise = 0.0
        self._usual = FIRST_INTERVAL_S * rate_hz
        self.last: Candidate | None = None
        self._passed_over: list[Candidate] = []
        self._learned_at = 0

    def learn(self, heights: list[float], *, at: int) -> None:
        """Set the levels from the candidates of some seconds up to an index."""
        self._learned_at = at
        self.level = 0.6 * max(heights, default=0.0)
        self.noise = sorted(heights)[len(heights) // 2] if heights else 0.0
        self._levels = [self.level] * N_RECENT
        self._intervals = [FIRST_INTERVAL_S * self._rate_hz] * N_RECENT
        self._usual = FIRST_INTERVAL_S * self._rate_hz

    def restart(self) -> None:
        """Samples are missing: levels stay, the last beat is too far back to compare with."""
        self.last = None
        self._passed_over = []

    def step(self, own: Candidate, ahead: list[Candidate]) -> tuple[list[Candidate], bool]:
        """Decide one candidate.

        Args:
            own: The candidate.
            ahead: The candidates after it, at least as far as `P_WAVE_S`.

        Returns:
            New beats in order, and whether the first of them replaces the beat before.
        """
        self._relearn(own.at)
        last = self.last
        found: list[Candidate] = []
        if last is not None and own.at - last.at > SEARCH_BACK_INTERVALS * self._usual:
            missed = self._search(own.at)
            if missed is not None:
                found.append(missed)
                last = missed
        since = own.at - last.at if last is not None else None
        if since is not None and last is not None and since < REFRACTORY_S * self._rate_hz:
            if own.height > last.height:
                return [self._replace(own)], not found
            return found, False
        if self._is_beat(own, last, since, ahead):
            found.append(self._push(own))
            self._passed_over = []
        else:
            self.noise += (min(own.height, self.level) - self.noise) * NOISE_GAIN
            self._passed_over.append(own)
        return found, False

    def _relearn(self, now: int) -> None:
        """After three seconds without a beat the levels are of another signal: learn anew."""
        since = max(self._learned_at, self.last.at if self.last is not None else 0)
        if now - since <= SILENT_S * self._rate_hz or not self._passed_over:
            return
        recent = [c.height for c in self._passed_over if now - c.at <= SILENT_S * self._rate_hz]
        self._passed_over = [c for c in self._passed_over if now - c.at <= self._search_back]
        if recent:
            self.learn(recent, at=now)

    def _is_beat(
        self, own: Candidate, last: Candidate | None, since: int | None, ahead: list[Candidate]
    ) -> bool:
        noise_bar = min(NOISE_FACTOR * self.noise, NOISE_CAP * self.level)
        if own.height <= max(THRESHOLD_SHARE * self.level, noise_bar):
            return False
        is_soon = since is not None and since < T_WAVE_S * self._rate_hz
        if is_soon and last is not None and own.height < T_WAVE_SHARE * last.height:
            return False
        if own.height >= P_WAVE_LEVEL * self.level:
            return True
        reach = own.at + P_WAVE_S * self._rate_hz
        for later in ahead:
            if later.at >= reach:
                break
            if own.height < P_WAVE_SHARE * later.height:
                return False
        return True

    def _search(self, now: int) -> Candidate | None:
        """The highest candidate of the pause, if it is high enough and not too old to tell."""
        young = [c for c in self._passed_over if now - c.at <= self._search_back]
        if not young:
            return None
        best = max(young, key=lambda c: c.height)
        bar = max(SEARCH_BACK_SHARE * self.level, SEARCH_BACK_NOISE * self.noise)
        if best.height <= bar:
            return None
        limit = best.at + REFRACTORY_S * self._rate_hz
        self._passed_over = [c for c in self._passed_over if c.at > limit]
        return self._push(best)

    def _push(self, own: Candidate) -> Candidate:
        if self.last is not None:
            low, high = (bound * self._rate_hz for bound in INTERVALS_S)
            self._intervals = [*self._intervals[1:], min(max(own.at - self.last.at, low), high)]
            self._usual = sorted(self._intervals)[N_RECENT // 2]
        self._levels = [*self._levels[1:], min(own.height, JUMP * self.level)]
        self.level = sorted(self._levels)[LEVEL_RANK]
        self.last = own
        return own._replace(noise=self.noise)

    def _replace(self, own: Candidate) -> Candidate:
        self._levels[-1] = min(own.height, JUMP * self.level)
        self.last = own
        return own._replace(noise=self.noise)
