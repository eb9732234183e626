package dev.millrace.producer.document;

import io.quarkus.runtime.configuration.MemorySize;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;

/// How large a document and its parts may be.
@ConfigMapping(prefix = "millrace.documents")
public interface DocumentLimits {
    /// Bytes of one document: of a body, or of a line.
    @WithDefault("4M")
    MemorySize maxSize();

    /// Characters of an `id` or a `source`.
    @WithDefault("512")
    @Min(1)
    @Max(65536)
    int maxNameLength();

    /// Parts of a multipart body.
    @WithDefault("64")
    @Min(1)
    @Max(1000)
    int maxParts();

    /// How deep `metadata` may nest.
    @WithDefault("32")
    @Min(2)
    @Max(1000)
    int maxNesting();
}
