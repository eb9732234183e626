package dev.millrace.producer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.github.luben.zstd.Zstd;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.io.IOException;
import java.io.InputStream;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.eclipse.microprofile.config.ConfigProvider;
import org.junit.jupiter.api.Test;

/// What a native image needs to be told of zstd-jni, which brings no metadata of its own, held against its jar.
class NativeRegistrationTest {
    private static final String CONFIG = "/META-INF/native-image/dev.millrace/producer-app/jni-config.json";
    private static final String REFLECTION = "/META-INF/native-image/dev.millrace/producer-app/reflect-config.json";

    @Test
    void everyClassWhoseFieldsNativeCodeReachesIsRegistered() throws IOException {
        Set<String> registered = new TreeSet<>();
        try (InputStream in = Objects.requireNonNull(NativeRegistrationTest.class.getResourceAsStream(CONFIG))) {
            for (JsonNode each : new ObjectMapper().readTree(in)) {
                assertThat(each.get("allDeclaredFields").asBoolean())
                        .as(each.toString())
                        .isTrue();
                registered.add(each.get("name").asText());
            }
        }

        Set<String> reached = new TreeSet<>();
        for (JavaClass each : new ClassFileImporter().importPackagesOf(Zstd.class)) {
            boolean calledNatively = each.getMethods().stream()
                    .anyMatch(method -> method.getModifiers().contains(JavaModifier.NATIVE)
                            && !method.getModifiers().contains(JavaModifier.STATIC));
            boolean hasState = each.getFields().stream()
                    .anyMatch(field -> !field.getModifiers().contains(JavaModifier.STATIC));
            if (calledNatively && hasState) {
                reached.add(each.getName());
            }
        }
        assertThat(reached).isNotEmpty();
        assertThat(registered).containsAll(reached);
    }

    /// Hardwood looks for them by these names.
    @Test
    void theCodecsOfParquetCanBeFoundByTheirNames() throws IOException, ClassNotFoundException {
        Set<String> registered = new TreeSet<>();
        try (InputStream in = Objects.requireNonNull(NativeRegistrationTest.class.getResourceAsStream(REFLECTION))) {
            for (JsonNode each : new ObjectMapper().readTree(in)) {
                registered.add(Class.forName(each.get("name").asText(), false, Zstd.class.getClassLoader())
                        .getName());
            }
        }

        assertThat(registered).contains("com.github.luben.zstd.Zstd", "org.xerial.snappy.Snappy");
        // Brings the library of snappy, where it is built natively and nowhere else.
        assertThat(ConfigProvider.getConfig()
                        .getConfigValue("quarkus.kafka.snappy.enabled")
                        .getRawValue())
                .isEqualTo("${quarkus.native.enabled:false}");
    }

    @Test
    void theLibraryItselfIsAResourceOfTheImage() throws IOException, URISyntaxException {
        URL place = Objects.requireNonNull(
                Zstd.class.getProtectionDomain().getCodeSource().getLocation());
        try (JarFile jar = new JarFile(Path.of(place.toURI()).toFile())) {
            assertThat(jar.stream()
                            .map(JarEntry::getName)
                            .filter(NativeRegistrationTest::isIncluded)
                            .toList())
                    .anyMatch(name -> name.startsWith("linux/amd64/"))
                    .anyMatch(name -> name.startsWith("linux/aarch64/"));
        }
    }

    @Test
    void theSchemaThatIsServedIsAResourceOfTheImage() {
        assertThat(NativeRegistrationTest.class.getResource("/schema/document.json"))
                .isNotNull();
        assertThat(isIncluded("schema/document.json")).isTrue();
        assertThat(isIncluded("schema/other/document.json")).isFalse();
    }

    private static boolean isIncluded(String resource) {
        return Stream.of(ConfigProvider.getConfig().getValue("quarkus.native.resources.includes", String[].class))
                .map(glob -> Pattern.compile(glob.replace(".", "\\.").replace("*", "[^/]*")))
                .anyMatch(pattern -> pattern.matcher(resource).matches());
    }
}
