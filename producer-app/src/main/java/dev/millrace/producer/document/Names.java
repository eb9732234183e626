package dev.millrace.producer.document;

import java.util.Optional;

/// What a request says of a document beside its body.
///
/// @param id that the client gives it
/// @param source where it comes from
public record Names(Optional<String> id, Optional<String> source) {
    /// Whether it says nothing.
    public boolean isEmpty() {
        return id.isEmpty() && source.isEmpty();
    }

    /// What is wrong with them, if something is.
    ///
    /// @param maxLength characters of each
    Optional<Admission.Rejected> fault(int maxLength) {
        return fault("id", id, maxLength).or(() -> fault("source", source, maxLength));
    }

    private static Optional<Admission.Rejected> fault(String field, Optional<String> name, int maxLength) {
        if (name.isEmpty()) {
            return Optional.empty();
        }
        if (name.get().isEmpty()) {
            return Optional.of(Admission.Rejected.nowhere(Fault.EMPTY, field, "is empty"));
        }
        return name.get().length() <= maxLength
                ? Optional.empty()
                : Optional.of(Admission.Rejected.nowhere(
                        Fault.TOO_LONG, field, "is longer than millrace.documents.max-name-length = " + maxLength));
    }
}
