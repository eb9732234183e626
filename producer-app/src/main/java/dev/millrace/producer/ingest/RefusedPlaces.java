package dev.millrace.producer.ingest;

import dev.millrace.producer.publish.Refusals;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/// Documents that the broker takes in no transaction, so that the next one is begun without them. Thread-safe.
final class RefusedPlaces {
    static final int MOST = 1_000;

    private final Map<Place, String> reasons = new ConcurrentHashMap<>();

    /// @param error that a document's record met; passes by what lies not in the record
    void take(Place place, Exception error) {
        if (Refusals.isOfTheRecord(error)) {
            reasons.put(place, error.getClass().getSimpleName() + ": " + error.getMessage());
        }
    }

    Optional<String> reason(Place place) {
        return Optional.ofNullable(reasons.get(place));
    }

    /// Whether it is more than a document here and there.
    boolean tooMany() {
        return reasons.size() > MOST;
    }
}
