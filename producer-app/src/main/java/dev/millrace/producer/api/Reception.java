package dev.millrace.producer.api;

import dev.millrace.producer.document.DocumentReader;
import dev.millrace.producer.document.Rejections;
import dev.millrace.producer.publish.OncePublisher;

/// What every request that brings documents is served with.
///
/// @param topic that its documents go to
/// @param reader decides what a document is
/// @param publisher takes those that are
/// @param room that all requests share
/// @param rejections counts the others
/// @param streams that are open
record Reception(
        String topic,
        DocumentReader reader,
        OncePublisher publisher,
        Room room,
        Rejections rejections,
        OpenStreams streams,
        ApiConfig config) {}
