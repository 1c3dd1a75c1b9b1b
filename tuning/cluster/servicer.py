"""KerasTuner's service of an oracle, for workers that may die and chiefs that may be restarted."""

from __future__ import annotations

import collections
import functools
import threading
import time
import uuid

import grpc
from keras_tuner.src import protos
from keras_tuner.src.distribute.oracle_chief import OracleServicer
from keras_tuner.src.engine import trial as kt
from keras_tuner.src.engine.metrics_tracking import MetricsTracker

from .heartbeat import BEAT_KEY, SESSION_KEY, TUNER_ID_KEY
from .restoring import restored

# How long a worker that has nothing to do is kept waiting for its answer; it comes at once where
# something changes. Shorter than any patience, and no busy loop.
IDLE_SECONDS = 0.5
# How long a chief that finds the search over waits for workers that do not know it.
LINGER_SECONDS = 5.0


def _guarded(call):
    """One call at a time, and an oracle that raises ends the chief and not only the call."""

    @functools.wraps(call)
    def guarded(self, request, context):
        self.hear(context)
        with self.changed:
            try:
                return call(self, request, context)
            except _Unknown:
                raise
            except Exception as error:
                # KerasTuner keeps its own lock where it raises: nobody could go on with it.
                self.error = self.error or error
                self.changed.notify_all()
                raise

    return guarded


class ForgivingServicer(OracleServicer):
    """KerasTuner's service, with which a search comes to its end whoever dies meanwhile.

    1. A worker without a trial is told that the search is over only when no trial is running, so
       that somebody is left to take up the trial of a worker that dies.
    2. A worker that is started again gets its trial again, without the figures of the life before.
    3. A trial whose worker died `max_attempts` times in a row has failed.
    4. A trial whose worker is gone for good goes to another (`release_gone`).
    5. After a restart of the chief, running trials belong to whom they belonged to.
    6. A chief that is restarted when there is nothing left to do needs no worker to tell it so.
    7. A report on a trial that has ended, or is another worker's by now, changes nothing.

    Args:
        oracle: `keras_tuner.Oracle`, reloaded where the search goes on, and not saved since.
        max_attempts: int >= 1, processes that may die of a trial.
        on_failed: callable that takes a trial and a sentence when it has failed for that reason.
        on_ended: callable without arguments, called when a trial has ended.

    Attributes:
        changed: condition that is notified where a worker may have something to do or the search
            may be over, and the lock of all that is here.
        error: the exception of the oracle, after which there is no going on, or None.
        heard: dict from the id of a worker to the time (as `time.monotonic`) of its last call.
    """

    def __init__(self, oracle, *, max_attempts=3, on_failed=None, on_ended=None):
        super().__init__(oracle)
        self.max_attempts = max_attempts
        self.on_failed = on_failed or (lambda trial, reason: None)
        self.on_ended = on_ended or (lambda: None)
        self.changed = threading.Condition(threading.RLock())
        self.error = None
        self.heard = {}
        self._begin = time.monotonic()
        self._told = set()  # the workers that know that the search is over
        # Workers that do not know that the search is over have some time to ask.
        self._over = restored(oracle)
        self._stay_until = self._begin + (LINGER_SECONDS if self._over else 0)
        self._sessions = collections.defaultdict(set)  # by trial, the processes it was given to

    def hear(self, context):
        """Note who calls, where it is said, and return the id."""
        said = dict(context.invocation_metadata() or ())
        if tuner_id := said.get(TUNER_ID_KEY):
            self.heard[tuner_id] = time.monotonic()
        return tuner_id

    def GetSpace(self, request, context):
        """Return the space; a beat asks for it too and is answered without waiting for others."""
        if BEAT_KEY in dict(context.invocation_metadata() or ()):
            self.hear(context)
            return protos.get_service().GetSpaceResponse()
        return self._get_space(request, context)

    _get_space = _guarded(OracleServicer.GetSpace)
    UpdateSpace = _guarded(OracleServicer.UpdateSpace)
    GetBestTrials = _guarded(OracleServicer.GetBestTrials)

    @_guarded
    def CreateTrial(self, request, context):
        """Return the trial that a worker runs next, after a while one that says to ask again."""
        tuner_id = request.tuner_id
        self.heard[tuner_id] = time.monotonic()
        said = dict(context.invocation_metadata() or ())
        session = said.get(SESSION_KEY) or uuid.uuid4().hex
        end = time.monotonic() + IDLE_SECONDS
        trial = self._next_trial(tuner_id, session)
        while trial.status == kt.TrialStatus.IDLE and (left := end - time.monotonic()) > 0:
            self.changed.wait(left)
            trial = self._next_trial(tuner_id, session)
        if trial.status == kt.TrialStatus.STOPPED:
            self._told.add(tuner_id)
            self.changed.notify_all()
        else:
            self._told.discard(tuner_id)
        return protos.get_service().CreateTrialResponse(trial=trial.to_proto())

    def _next_trial(self, tuner_id, session):
        oracle = self.oracle
        while True:
            open_ = tuner_id in oracle.ongoing_trials or oracle._retry_queue
            if self._over and not open_ and oracle.ongoing_trials:
                return kt.Trial(oracle.get_space(), trial_id="", status=kt.TrialStatus.IDLE)
            trial = oracle.create_trial(tuner_id)
            if trial.status == kt.TrialStatus.STOPPED:
                self._over = True
                if oracle.ongoing_trials:
                    trial.status = kt.TrialStatus.IDLE
            elif trial.status == kt.TrialStatus.IDLE and not oracle.ongoing_trials:
                raise RuntimeError("The oracle waits for trials that nobody runs.")
            if trial.status != kt.TrialStatus.RUNNING:
                return trial
            sessions = self._sessions[trial.trial_id]
            sessions.add(session)
            if len(sessions) <= self.max_attempts:
                trial.metrics = MetricsTracker()
                return trial
            self._fail(trial)

    def _fail(self, trial):
        trial.status = kt.TrialStatus.FAILED
        trial.message = f"The process that ran it died, {self.max_attempts} times in a row."
        # Written down first: whoever is killed in between does it again.
        self.on_failed(trial, trial.message)
        self._end(trial)

    def _end(self, trial):
        self._sessions.pop(trial.trial_id, None)
        self.oracle.end_trial(trial)
        self.on_ended()
        self.changed.notify_all()

    @_guarded
    def UpdateTrial(self, request, context):
        """Take the figures of a trial from the worker that it belongs to."""
        self._check_known(request.trial_id, context)
        if self._accepts(request.trial_id, context):
            return super().UpdateTrial(request, context)
        trial = self.oracle.get_trial(request.trial_id)
        return protos.get_service().UpdateTrialResponse(trial=trial.to_proto())

    @_guarded
    def EndTrial(self, request, context):
        """Take the end of a trial from the worker that it belongs to."""
        trial = kt.Trial.from_proto(request.trial)
        self._check_known(trial.trial_id, context)
        if self._accepts(trial.trial_id, context):
            self._end(trial)
        return protos.get_service().EndTrialResponse()

    @_guarded
    def GetTrial(self, request, context):
        """Return a trial."""
        self._check_known(request.trial_id, context)
        return super().GetTrial(request, context)

    def _check_known(self, trial_id, context):
        if trial_id not in self.oracle.trials:
            context.set_code(grpc.StatusCode.NOT_FOUND)
            context.set_details(f"This search has no trial {trial_id!r}.")
            raise _Unknown(trial_id)

    def _accepts(self, trial_id, context):
        """Whether a report changes anything; a trial that waits to be run again is its sender's."""
        oracle = self.oracle
        sender = self.hear(context)
        for owner, trial in oracle.ongoing_trials.items():
            if trial.trial_id == trial_id:
                return sender in (None, owner)
        if trial_id in oracle._retry_queue and sender and sender not in oracle.ongoing_trials:
            oracle._retry_queue.remove(trial_id)
            oracle.ongoing_trials[sender] = oracle.trials[trial_id]
            return True
        return False

    def release_gone(self, gone_seconds):
        """Let others take the trials of workers that were not heard of for so long."""
        with self.changed:
            gone = time.monotonic() - gone_seconds
            for tuner_id in list(self.oracle.ongoing_trials):
                if self.heard.get(tuner_id, self._begin) < gone:
                    trial = self.oracle.ongoing_trials.pop(tuner_id)
                    self.oracle._retry_queue.append(trial.trial_id)
                    self.oracle.tuner_ids.discard(tuner_id)
                    self.oracle.save()
                    self.changed.notify_all()

    def finished(self, gone_seconds):
        """Whether the search is over and every worker that lives knows it."""
        with self.changed:
            now = time.monotonic()
            alive = {name for name, heard in self.heard.items() if now - heard <= gone_seconds}
            over = self._over and not self.oracle.ongoing_trials
            return over and alive <= self._told and now >= self._stay_until

    def silence(self):
        """Return the seconds since any worker was heard of, or since the beginning."""
        return time.monotonic() - max(self.heard.values(), default=self._begin)


class _Unknown(KeyError):
    """A trial that this search does not have: a fault of the worker that asks for it."""
