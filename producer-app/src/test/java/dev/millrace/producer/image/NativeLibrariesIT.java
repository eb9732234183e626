package dev.millrace.producer.image;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.producer.image.NativeSources.Registration;
import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import net.jpountz.lz4.LZ4Factory;
import net.jpountz.xxhash.XXHashFactory;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledIfSystemProperty;

/// The libraries with native code, and what a native image is told of them: they bring next to nothing themselves.
@DisabledIfSystemProperty(
        named = "quick",
        matches = ".*",
        disabledReason = "-Dquick leaves the making of the native sources out")
class NativeLibrariesIT {
    private static NativeSources sources;

    @BeforeAll
    static void read() throws IOException {
        sources = NativeSources.read(Path.of("target/native-sources"));
    }

    /// A field or method that it does not find it answers with an error of its own making, or with none.
    @Test
    void nativeCodeFindsWhatItLooksUp() throws IOException {
        for (NativeLibrary library : loaded()) {
            assertThat(library.classes())
                    .allSatisfy(name -> assertThat(sources.calledBack(name)).isNotNull());
            assertThat(library.members()).isNotEmpty().allSatisfy((name, members) -> {
                Registration found = sources.calledBack(name);
                assertThat(members)
                        .as("%s, as %s looks them up", name, library.jar())
                        .allMatch(member -> member.endsWith("()")
                                ? found.hasMethod(member.substring(0, member.length() - 2))
                                : found.hasField(member));
            });
        }
    }

    @Test
    void everyDependencyWithNativeCodeIsKnownAndItsCodeIsInTheImageOrNeverAskedFor() throws IOException {
        assertThat(libraries())
                .extracting(NativeLibrary::jar)
                .containsExactlyInAnyOrder(
                        "com.github.luben.zstd-jni",
                        "org.xerial.snappy.snappy-java",
                        "at.yawk.lz4.lz4-java",
                        "com.aayushatharva.brotli4j.native-linux-x86_64");
        for (NativeLibrary library : loaded()) {
            assertThat(library.objects())
                    .anyMatch(name -> name.matches(".*/(amd64|x86_64)/.*"))
                    .anyMatch(name -> name.contains("/aarch64/"))
                    .filteredOn(name -> name.matches(".*/(amd64|x86_64|aarch64)/.*"))
                    .allMatch(sources::isIncluded);
        }
        // Each process unpacks its own: Quarkus' way with it is for the image alone.
        assertThat(sources.arguments()).contains("io.quarkus.kafka.client.runtime.graal.SnappyFeature");
        // Those of lz4 are written in Java as well, and Brotli is no codec of ours.
        assertThat(sources.reflection())
                .doesNotContainKeys("net.jpountz.lz4.LZ4JNICompressor", "com.aayushatharva.brotli4j.Brotli4jLoader");
    }

    /// Hardwood asks for these by name, and lz4 for what it is made of.
    @Test
    void theCodecsOfParquetAndOfKafkaAreFound() throws IllegalAccessException {
        assertThat(sources.reflection())
                .containsKeys("com.github.luben.zstd.Zstd", "org.xerial.snappy.Snappy", "net.jpountz.lz4.LZ4Factory");
        Set<Class<?>> parts = new LinkedHashSet<>();
        for (Object factory : List.of(LZ4Factory.safeInstance(), XXHashFactory.safeInstance())) {
            for (Field field : factory.getClass().getDeclaredFields()) {
                if (!Modifier.isStatic(field.getModifiers())) {
                    field.setAccessible(true);
                    Object part = field.get(factory);
                    if (part != null && part.getClass().getName().startsWith("net.jpountz.")) {
                        parts.add(part.getClass());
                    }
                }
            }
        }
        assertThat(parts)
                .hasSize(8)
                .allSatisfy(part -> assertThat(sources.reflected(part.getName()))
                        .as(part.getName())
                        .matches(each -> each.allConstructors() && each.hasField("INSTANCE")));
    }

    private static List<NativeLibrary> loaded() throws IOException {
        return libraries().stream()
                .filter(each -> Set.of("com.github.luben.zstd-jni", "org.xerial.snappy.snappy-java")
                        .contains(each.jar()))
                .toList();
    }

    private static List<NativeLibrary> libraries() throws IOException {
        List<NativeLibrary> libraries = new ArrayList<>();
        for (Path jar : sources.libraries()) {
            NativeLibrary.of(jar).ifPresent(libraries::add);
        }
        return libraries;
    }
}
