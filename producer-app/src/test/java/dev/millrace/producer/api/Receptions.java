package dev.millrace.producer.api;

import dev.millrace.producer.document.DocumentReader;
import dev.millrace.producer.document.Rejections;
import dev.millrace.producer.publish.OncePublisher;
import jakarta.inject.Singleton;

/// Receptions with all that is the application's own, for a test that makes a request by hand.
@Singleton
final class Receptions {
    private final OncePublisher publisher;
    private final Room room;
    private final Rejections rejections;
    private final OpenStreams streams;
    private final ApiConfig config;

    Receptions(OncePublisher publisher, Room room, Rejections rejections, OpenStreams streams, ApiConfig config) {
        this.publisher = publisher;
        this.room = room;
        this.rejections = rejections;
        this.streams = streams;
        this.config = config;
    }

    Reception of(String topic, DocumentReader reader) {
        return new Reception(topic, reader, publisher, room, rejections, streams, config);
    }
}
