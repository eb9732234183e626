package dev.millrace.producer.api;

import dev.millrace.producer.document.Admission;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// What a piece of a stream's body came to.
///
/// @param burst the reports of its documents
/// @param last whether no piece follows
/// @param broken why not, where the body is damaged
/// @param refused why the request is refused as a whole, where its very first document could not be sent
record Sent(
        Burst burst,
        boolean last,
        Optional<Admission.Rejected> broken,
        @Nullable String refused) {}
