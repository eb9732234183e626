package dev.millrace.producer.document;

import dev.millrace.producer.store.MediaStore;
import java.util.Optional;

/// How large what is no JSON may be, and where media go that are larger.
///
/// @param maxBytes of what goes on the log
/// @param maxNameLength characters of an id or a source
/// @param maxParts of a container
/// @param store for media that are too large for the log, if there is one
record FormLimits(int maxBytes, int maxNameLength, int maxParts, Optional<MediaStore> store) {
    /// The answer to what is too large for the log.
    Admission.Rejected tooLarge() {
        return Admission.Rejected.nowhere(
                Fault.TOO_LARGE, "", "is larger than millrace.documents.max-size = " + maxBytes + " bytes");
    }

    /// The answer to a medium that is too large for the log, where there is no store.
    Admission.Rejected noStore() {
        return Admission.Rejected.nowhere(
                Fault.TOO_LARGE,
                "",
                "is larger than millrace.documents.max-size = " + maxBytes
                        + " bytes, and there is no store for media that are: millrace.claim.directory is not set");
    }
}
