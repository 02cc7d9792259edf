"""What Ray Tune is told by environment variables, which are no public interface: assumptions.md has each."""

# How many trials an autoscaler is asked to make room for: more than any cluster's next step, few enough to be cheap.
_MOST_PENDING_TRIALS = 200

_SETTINGS = {
    "RAY_AIR_NEW_OUTPUT": "0",  # Tune would announce an experiment of its own beside our table
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",  # 6 ms a report for files that nobody reads
    "TUNE_PRINT_ALL_TRIAL_ERRORS": "0",  # the recorder says what became of a trial
    "TUNE_GLOBAL_CHECKPOINT_S": "1000000",  # a study resumes from its journal, not from Tune's state
}


def tune_settings(slots: int, *, grows: bool) -> dict[str, str]:
    """Variables for a run of `slots` trials at once; `grows`: on a cluster that adds nodes for trials that wait.

    All workers must start together. By default they start one after the other, and the first, done with its trial
    before the second has started, takes that one's trial: a second would then never be there for long.
    """
    pending = max(slots, _MOST_PENDING_TRIALS if grows else 0)
    return {**_SETTINGS, "TUNE_MAX_PENDING_TRIALS_PG": str(pending)}
