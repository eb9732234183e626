package dev.millrace.producer.publish;

import io.quarkus.arc.Unremovable;
import io.smallrye.reactive.messaging.MutinyEmitter;
import jakarta.enterprise.context.ApplicationScoped;
import org.eclipse.microprofile.reactive.messaging.Channel;

/// Makes the channel `documents` exist: one that nobody injects is not connected. Records leave it by its own
/// producer, not by this emitter, which the HTTP routes would also ask for before the channels are wired.
@ApplicationScoped
@Unremovable
class OutgoingChannel {
    OutgoingChannel(@Channel(DocumentPublisher.CHANNEL) MutinyEmitter<byte[]> emitter) {}
}
