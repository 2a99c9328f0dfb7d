from firmware_bridge.backfill import BackfillPlanner, BackfillRange, BackfillSettings

S = 1_000_000_000


def ask(planner, now_ns):
    return [(r.stream_id, r.boot, r.start, r.stop) for r in planner.requests(now_ns)]


def test_ranges_are_merged_and_few_are_asked_at_once():
    planner = BackfillPlanner(BackfillSettings(max_asked=2, max_samples=50))
    for start, stop in [(0, 10), (10, 20), (40, 60), (100, 300)]:
        planner.want(1, 7, start, stop)
    assert ask(planner, 0) == [(1, 7, 0, 20), (1, 7, 40, 60)]
    assert ask(planner, 1) == []
    assert planner.arrived(1, 7, 0, 25, host_ns=2)
    assert planner.arrived(1, 7, 35, 70, host_ns=3)
    assert ask(planner, 4) == [(1, 7, 100, 150)]
    assert planner.n_missing == 200
    assert planner.n_filled == 40


def test_silence_means_asking_again_and_then_giving_up():
    planner = BackfillPlanner(BackfillSettings(silence_s=1.0, max_tries=2))
    planner.want(1, 1, 5, 9)
    assert ask(planner, 0) == [(1, 1, 5, 9)]
    assert ask(planner, S // 2) == []
    assert ask(planner, 3 * S) == [(1, 1, 5, 9)]
    assert ask(planner, 6 * S) == []
    assert planner.n_missing == 0
    assert planner.n_given_up == 4


def test_a_log_that_starts_later_leaves_the_rest_lost():
    planner = BackfillPlanner()
    planner.want(2, 1, 0, 100)
    (request,) = planner.requests(0)
    planner.answered(request, n_frames=3, oldest=40)
    assert planner.n_given_up == 40
    assert not planner.arrived(3, 1, 0, 9, host_ns=1)
    assert planner.arrived(2, 1, 40, 100, host_ns=1)
    assert planner.n_missing == 0


def test_an_empty_answer_ends_the_hope():
    planner = BackfillPlanner()
    planner.want(2, 1, 0, 100)
    (request,) = planner.requests(0)
    planner.answered(request, n_frames=0, oldest=0)
    planner.answered(BackfillRange(stream_id=9, boot=1, start=0, stop=1), n_frames=0, oldest=0)
    assert (planner.n_given_up, planner.n_missing) == (100, 0)


def test_a_new_link_asks_again_at_once():
    planner = BackfillPlanner()
    planner.want(1, 1, 0, 10)
    assert ask(planner, 0)
    planner.forget_asked()
    assert ask(planner, 1) == [(1, 1, 0, 10)]
