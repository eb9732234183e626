package dev.millrace.trainer.train;

import dev.millrace.trainer.checkpoint.CheckpointManifest;
import dev.millrace.trainer.ledger.SettingsChange;
import dev.millrace.trainer.ledger.SettingsChange.Change;
import dev.millrace.trainer.ledger.StepLedger;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;

/// The settings that may not change within a run, which of them may when that is asked for, and what to say.
final class SettingsCheck {
    private static final String PROPERTY = "millrace.checkpoint.accept-changed";

    private final long step;
    private final SortedMap<String, String> before;

    /// @param step that the run goes on after
    /// @param fingerprint the settings that its checkpoint was made with
    /// @param since changes of them that the ledger has for later steps. That for the very next one was
    ///     accepted when the run went on from there; steps are to be made again before one that comes later
    /// @param maxSteps the step after which this start ends
    /// @throws IllegalArgumentException where it would come to such a later step
    SettingsCheck(long step, Map<String, String> fingerprint, List<SettingsChange> since, OptionalLong maxSteps) {
        this.step = step;
        this.before = new TreeMap<>(fingerprint);
        for (SettingsChange change : since) {
            if (change.step() == step + 1) {
                change.settings().forEach((property, values) -> before.put(property, values.now()));
            } else if (maxSteps.orElse(Long.MAX_VALUE) >= change.step()) {
                throw new IllegalArgumentException("from step " + change.step() + " on, the run has other settings "
                        + change.settings().keySet() + ", and it goes on from step " + step
                        + ": make the steps up to there with those of before (millrace.train.max-steps = "
                        + (change.step() - 1) + "), then go on with the others");
            }
        }
    }

    /// Of a run that goes on from a checkpoint.
    ///
    /// @throws IllegalArgumentException as the constructor does
    static SettingsCheck of(CheckpointManifest checkpoint, List<SettingsChange> since, RunSettings settings) {
        return new SettingsCheck(
                checkpoint.step(),
                checkpoint.fingerprint(),
                since,
                settings.train().maxSteps());
    }

    /// The settings that differ, and may.
    ///
    /// @param changes by property; none as a rule
    record Accepted(SettingsCheck check, SortedMap<String, Change> changes) {
        /// Makes durable that the next step is made with them.
        ///
        /// @throws IllegalArgumentException where steps are still to be made as they were before
        void enter(StepLedger ledger, Consumer<String> log) throws IOException {
            if (changes.isEmpty()) {
                return;
            }
            check.requireNothingAhead(changes, ledger.ahead().size());
            ledger.change(changes);
            log.accept(String.format(
                    Locale.ROOT, "from step %,d on, the run has other settings: %s", check.step + 1, changes));
        }
    }

    /// As [#changes], with those that the settings say may differ.
    Accepted accept(Map<String, String> now, RunSettings settings) {
        return new Accepted(
                this, changes(now, settings.checkpoint().acceptChanged().orElse(Set.of())));
    }

    /// Holds the settings of now against those of before.
    ///
    /// @param accepted properties that may differ
    /// @return those that do
    /// @throws IllegalArgumentException naming each other one that differs, and those that can never be
    ///     accepted
    SortedMap<String, Change> changes(Map<String, String> now, Set<String> accepted) {
        requireChangeable(accepted);
        SortedMap<String, Change> changes = new TreeMap<>();
        Set<String> properties = new TreeSet<>(before.keySet());
        properties.addAll(now.keySet());
        for (String property : properties) {
            String past = before.getOrDefault(property, RunFingerprint.before(property));
            String present = now.getOrDefault(property, "(not set)");
            if (!present.equals(past)) {
                changes.put(property, new Change(past, present));
            }
        }
        if (!accepted.containsAll(changes.keySet())) {
            throw new IllegalArgumentException(refusal(changes));
        }
        return changes;
    }

    /// What decides which tokens a step is made of must not change while steps are to be made again.
    ///
    /// @param ahead how many those are
    /// @throws IllegalArgumentException naming what has changed
    void requireNothingAhead(SortedMap<String, Change> changes, int ahead) {
        Set<String> composing = new TreeSet<>(changes.keySet());
        composing.retainAll(RunFingerprint.COMPOSING);
        if (ahead > 0 && !composing.isEmpty()) {
            throw new IllegalArgumentException(composing + " decide what steps are made of, and the ledger holds steps "
                    + (step + 1) + " to " + (step + ahead) + ", which a crash has undone and which are to be made again"
                    + " as they were: start with the settings of before, stop with SIGTERM, and change them then");
        }
    }

    private static void requireChangeable(Set<String> accepted) {
        Set<String> fixed = new TreeSet<>(accepted);
        fixed.removeAll(RunFingerprint.CHANGEABLE);
        if (!fixed.isEmpty()) {
            throw new IllegalArgumentException(PROPERTY + " names " + fixed
                    + ", which cannot change within a run; what can is " + new TreeSet<>(RunFingerprint.CHANGEABLE));
        }
    }

    private String refusal(SortedMap<String, Change> changes) {
        SortedMap<String, String> described = new TreeMap<>();
        changes.forEach(
                (property, change) -> described.put(property, "was " + change.before() + " and is " + change.now()));
        String text = "the run at step " + step + " was begun with other settings: " + described
                + "; set them back, or begin a new run in another millrace.checkpoint.directory";
        return RunFingerprint.CHANGEABLE.containsAll(changes.keySet())
                ? text + "; to go on with those of now, set " + PROPERTY + " = " + String.join(",", changes.keySet())
                : text;
    }
}
