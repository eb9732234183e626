package dev.millrace.producer.api;

import dev.millrace.producer.document.Admission;
import java.util.Optional;

/// What a piece of a stream's body came to.
///
/// @param burst the reports of its documents
/// @param last whether no piece follows
/// @param broken why not, where the body is damaged
/// @param refused why the request is refused as a whole, where its first document that could be sent met no broker;
///     then the burst ends with that
record Sent(Burst burst, boolean last, Optional<Admission.Rejected> broken, Optional<String> refused) {}
