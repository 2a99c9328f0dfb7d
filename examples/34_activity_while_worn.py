"""Tell what a wearer does while it happens: a live source, a stream, a model as an operator."""

import asyncio
import time

from muslin.classify import shipped_or, stream_with
from muslin.record import VirtualGarment, open_source
from wearables.activity.models import open_model
from wearables.sources import Feed, stream_channels

model = open_model(shipped_or(None))
print("the model knows", ", ".join(model.classes))


async def main() -> None:
    # "udp:HOST", "os:" or "uart:DATA,SMP" name a garment that is there.
    async with open_source("sim:", 8.0, VirtualGarment(loss=0.0)) as source:
        there = {stream.name: stream_channels(stream) for stream in source.schema.streams}
        name, columns = stream_with(there, model.channels, None)
        stream = next(one for one in source.schema.streams if one.name == name)
        operator = model.open(model.channels, stream.rate_hz)
        print(f"stream {name}: an answer each {model.hop_s:.1f} s, known {operator.delay_s:.2f} s "
              "after the middle of its window")  # fmt: skip
        feed = Feed(stream, operator, columns=columns, start_ns=time.monotonic_ns())
        async for event in source:
            for answer in feed(event):
                print(f"{answer.time_s:4.1f} s  {answer.smoothed:10s} {answer.reason}")
        print(f"{feed.n_samples} samples, {feed.n_missing} missing")


asyncio.run(main())
