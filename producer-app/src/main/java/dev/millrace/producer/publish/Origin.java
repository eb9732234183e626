package dev.millrace.producer.publish;

import java.util.Optional;

/// The request that a document came with.
///
/// @param topic that it is for
/// @param caller who sent it: the keys of one are not those of another
/// @param idempotencyKey that it bears
/// @param index of the document in it
/// @param traceparent that it bears, for the record (W3C Trace Context)
public record Origin(
        String topic, String caller, Optional<String> idempotencyKey, long index, Optional<String> traceparent) {}
