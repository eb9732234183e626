package dev.millrace.trainer.intake;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.testing.TrainerChannel;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;
import org.junit.jupiter.api.Test;

class TrainerChannelTest {
    /// So that a benchmark measures what is run.
    @Test
    void whoReadsLikeTheChannelHasTheSettingsOfTheChannel() throws IOException {
        Properties application = new Properties();
        try (Reader reader = Files.newBufferedReader(Path.of("src/main/resources/application.properties"))) {
            application.load(reader);
        }

        TrainerChannel.SETTINGS.forEach((name, value) ->
                assertThat(application).containsEntry("mp.messaging.incoming.documents." + name, value));
    }
}
