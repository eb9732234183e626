package dev.millrace.producer.document;

import java.util.Optional;

/// Counts the bytes of one body whose media go to the store.
final class StoreLimit {
    private final long maxBytes;
    private long bytes;

    StoreLimit(long maxBytes) {
        this.maxBytes = maxBytes;
    }

    /// @return the refusal, where with these it is too large
    Optional<Admission.Rejected> add(int more) {
        bytes += more;
        return bytes <= maxBytes
                ? Optional.empty()
                : Optional.of(Admission.Rejected.nowhere(
                        Fault.TOO_LARGE, "", "is larger than millrace.claim.max-size = " + maxBytes + " bytes"));
    }
}
