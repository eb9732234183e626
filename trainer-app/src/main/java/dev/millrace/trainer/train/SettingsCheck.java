package dev.millrace.trainer.train;

import dev.millrace.trainer.checkpoint.CheckpointManifest;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/// The settings that may not change within a run, and what to say when one has.
final class SettingsCheck {
    private SettingsCheck() {}

    /// Holds the settings of now against those that a checkpoint was made with.
    ///
    /// @throws IllegalArgumentException naming each that differs
    static void requireSame(CheckpointManifest manifest, Map<String, String> now) {
        SortedMap<String, String> differing = new TreeMap<>();
        manifest.fingerprint().forEach((key, before) -> {
            String present = now.getOrDefault(key, "(not set)");
            if (!present.equals(before)) {
                differing.put(key, "was " + before + " and is " + present);
            }
        });
        if (!differing.isEmpty()) {
            throw new IllegalArgumentException("the run at step " + manifest.step()
                    + " was begun with other settings: " + differing
                    + "; set them back, or begin a new run in another millrace.checkpoint.directory");
        }
    }
}
