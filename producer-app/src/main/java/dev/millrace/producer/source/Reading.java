package dev.millrace.producer.source;

import dev.millrace.producer.document.DocumentForms;
import dev.millrace.producer.document.DocumentReader;
import java.util.Optional;

/// How files become documents.
///
/// @param documents decides what a document is
/// @param textColumn of a Parquet file
/// @param idColumn of a Parquet file; without one its documents have no id
/// @param media what becomes of the media of samples; without it they are passed over
public record Reading(
        DocumentReader documents, String textColumn, Optional<String> idColumn, Optional<DocumentForms> media) {}
