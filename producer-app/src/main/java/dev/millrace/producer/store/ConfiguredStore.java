package dev.millrace.producer.store;

import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.runtime.Startup;
import jakarta.annotation.PreDestroy;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/// The store that the settings name, if they name one.
@Singleton
@Startup
public final class ConfiguredStore {
    private final Optional<MediaStore> media;

    /// @throws IllegalStateException naming the setting with which there is no store
    ConfiguredStore(ClaimConfig config, MeterRegistry registry) {
        this.media = config.directory()
                .map(directory -> new MediaStore(
                        new MeteredStore(open(directory), registry),
                        config.maxSize().asLongValue()));
    }

    private static ObjectStore open(Path directory) {
        if (!Files.isDirectory(directory)) {
            throw new IllegalStateException("millrace.claim.directory = " + directory + " is no directory");
        }
        try {
            return DirectoryStore.open(directory);
        } catch (IOException e) {
            throw new IllegalStateException("millrace.claim.directory = " + directory + " cannot be used: " + e, e);
        }
    }

    /// The store, where there is one.
    public Optional<MediaStore> media() {
        return media;
    }

    @PreDestroy
    void close() {
        media.ifPresent(each -> each.objects().close());
    }
}
