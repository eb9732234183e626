package dev.millrace.trainer.ledger;

import java.util.SortedMap;
import java.util.TreeMap;

/// Settings that a run went on with although they had been others.
///
/// @param step the first that was made with them
/// @param settings by property
public record SettingsChange(long step, SortedMap<String, Change> settings) {
    public SettingsChange {
        settings = new TreeMap<>(settings);
    }

    /// One setting, as it was and as it is.
    public record Change(String before, String now) {}
}
