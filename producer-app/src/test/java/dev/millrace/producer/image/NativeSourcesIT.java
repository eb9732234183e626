package dev.millrace.producer.image;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import dev.millrace.producer.image.NativeSources.Registration;
import io.smallrye.config.ConfigMapping;
import jakarta.validation.Constraint;
import jakarta.ws.rs.HttpMethod;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.AnnotatedElement;
import java.lang.reflect.Method;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.config.ConfigDef;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledIfSystemProperty;

/// What Quarkus lays out for a native image, held against what the application is seen to need: a class that is missing
/// there works on the JVM and fails natively, and no native image is built where this runs.
@DisabledIfSystemProperty(
        named = "quick",
        matches = ".*",
        disabledReason = "-Dquick leaves the making of the native sources out")
class NativeSourcesIT {
    private static final String ROOT = "dev.millrace.producer";
    private static final Path CLASSES = Path.of("target/classes");
    private static final Set<String> JACKSON_READS = Set.of("readValue", "readValues", "treeToValue", "convertValue");
    private static final Set<String> HANDED_OVER = Set.of("ok", "accepted", "entity");

    private static NativeSources sources;
    private static List<Calls.Call> calls;
    private static JavaClasses classes;

    @BeforeAll
    static void read() throws IOException {
        sources = NativeSources.read(Path.of("target/native-sources"));
        calls = Calls.of(CLASSES);
        classes = new ClassFileImporter()
                .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                .importPackages(ROOT);
    }

    /// What resources take and give, by their signatures and by what they hand to their responses.
    @Test
    void everyTypeThatJacksonReadsOrWritesIsRegistered() throws ClassNotFoundException {
        Set<Class<?>> wire = new LinkedHashSet<>();
        for (JavaClass each : classes) {
            for (Method method : each.reflect().getDeclaredMethods()) {
                if (isResource(method)) {
                    addTypes(method.getGenericReturnType(), wire);
                    Arrays.stream(method.getGenericParameterTypes()).forEach(type -> addTypes(type, wire));
                }
            }
        }
        for (Calls.Call call : calls) {
            if (call.owner().startsWith("jakarta.ws.rs.core.Response")
                    && HANDED_OVER.contains(call.name())
                    && !call.parameters().isEmpty()) {
                assertThat(call.given())
                        .as("%s hands to its response what is not made there, so that its type cannot be seen", call)
                        .isPresent();
                addTypes(Class.forName(call.given().orElseThrow()), wire);
            }
        }

        assertThat(wire).extracting(Class::getSimpleName).contains("Order", "View");
        assertThat(wire)
                .allSatisfy(type -> assertThat(sources.reflected(type.getName()))
                        .as(type.getName())
                        .matches(Registration::isWhole, "has all its members"));
    }

    /// What Jackson makes otherwise are trees.
    @Test
    void nothingElseIsBoundByJackson() {
        assertThat(calls)
                .filteredOn(call -> call.owner().startsWith("com.fasterxml.jackson.databind")
                        && (JACKSON_READS.contains(call.name()) || call.name().startsWith("writeValue")))
                .allSatisfy(call -> {
                    String type = call.where().substring(0, call.where().lastIndexOf('.'));
                    String method = call.where().substring(call.where().lastIndexOf('.') + 1);
                    assertThat(JACKSON_READS).as(call.where()).doesNotContain(call.name());
                    assertThat(classes.get(type).getMethods())
                            .as("%s must be given the tree that it writes", call.where())
                            .anyMatch(each -> each.getName().equals(method)
                                    && each.getRawParameterTypes().stream()
                                            .anyMatch(parameter -> parameter.isAssignableTo(JsonNode.class)));
                });
    }

    @Test
    void everySettingCanBeReadAndChecked() {
        List<Class<?>> settings = classes.stream()
                .filter(each -> each.isAnnotatedWith(ConfigMapping.class))
                .<Class<?>>map(JavaClass::reflect)
                .toList();

        assertThat(settings).isNotEmpty().allSatisfy(type -> {
            assertThat(sources.reflected(type.getName() + "$$CMImpl")).matches(Registration::allConstructors);
            for (Method method : type.getDeclaredMethods()) {
                if (method.getReturnType().isEnum()) {
                    assertThat(sources.reflected(method.getReturnType().getName()))
                            .matches(Registration::allMethods);
                }
                if (isConstrained(method)) {
                    assertThat(sources.reflected(type.getName()))
                            .as("limits of %s", method)
                            .matches(Registration::allMethods);
                }
            }
        });
    }

    @Test
    void whatOurCodeLooksUpByNameIsThere() {
        List<String> names = new ArrayList<>();
        List<String> resources = new ArrayList<>();
        for (Calls.Call call : calls) {
            boolean ofClass = call.owner().equals("java.lang.Class");
            if (ofClass && call.name().equals("forName")) {
                names.add(
                        call.text().orElseThrow(() -> new AssertionError(call + ": a name that is not written there")));
            } else if (ofClass && call.name().startsWith("getResource")) {
                resources.add(
                        call.text().orElseThrow(() -> new AssertionError(call + ": a name that is not written there")));
            }
        }

        assertThat(names)
                .contains("sun.misc.Signal")
                .allSatisfy(name -> assertThat(sources.reflection().get(name))
                        .as(name)
                        .isNotNull()
                        .matches(Registration::allMethods));
        assertThat(sources.reflection().get("sun.misc.Signal")).matches(Registration::allConstructors);
        assertThat(calls)
                .filteredOn(call -> call.name().equals("newProxyInstance"))
                .as("of proxies this test knows one")
                .singleElement()
                .matches(call -> call.where().contains("TerminationSignal"));
        assertThat(sources.proxies()).contains(List.of("sun.misc.SignalHandler"));
        assertThat(resources).isNotEmpty().allMatch(name -> sources.isIncluded(name.substring(1)));
    }

    @Test
    void whatLiesBesideTheClassesIsInTheImage() throws IOException {
        try (Stream<Path> files = Files.walk(CLASSES)) {
            assertThat(files.filter(Files::isRegularFile)
                            .map(file -> CLASSES.relativize(file).toString())
                            // Settings are read while the image is built, and the description is made into another.
                            .filter(name -> !name.endsWith(".class")
                                    && !name.startsWith("META-INF/")
                                    && !name.equals("application.properties")))
                    .contains("schema/document.json")
                    .allMatch(sources::isIncluded);
        }
        assertThat(sources.isIncluded("META-INF/quarkus-generated-openapi-doc.JSON"))
                .isTrue();
        assertThat(sources.isIncluded("META-INF/quarkus-generated-openapi-doc.YAML"))
                .isTrue();
    }

    /// Its settings name classes: those that are there by themselves, and ours.
    @Test
    void everyClassThatKafkaMakesByItsNameIsRegistered() throws IOException {
        Set<String> names = new TreeSet<>(List.of(
                "org.apache.kafka.common.security.plain.PlainLoginModule",
                "org.apache.kafka.common.security.scram.ScramLoginModule"));
        for (ConfigDef settings :
                List.of(ProducerConfig.configDef(), ConsumerConfig.configDef(), AdminClientConfig.configDef())) {
            for (ConfigDef.ConfigKey key : settings.configKeys().values()) {
                if (key.defaultValue instanceof List<?> several) {
                    several.forEach(each -> addClassName(each, names));
                } else {
                    addClassName(key.defaultValue, names);
                }
            }
        }
        Properties ours = new Properties();
        try (InputStream in = Files.newInputStream(CLASSES.resolve("application.properties"))) {
            ours.load(in);
        }
        ours.values().forEach(each -> addClassName(each, names));
        // Tokens for Kafka take jose4j, which is not here: what would call it cannot be linked.
        names.removeIf(name -> name.contains(".oauthbearer."));

        assertThat(names)
                .hasSizeGreaterThan(5)
                .allSatisfy(name -> assertThat(sources.reflection().get(name))
                        .as(name)
                        .isNotNull()
                        .matches(each -> each.hasMethod("<init>"), "can be made"));
    }

    private static boolean isResource(AnnotatedElement method) {
        return Arrays.stream(method.getAnnotations())
                .anyMatch(each -> each.annotationType().isAnnotationPresent(HttpMethod.class));
    }

    private static boolean isConstrained(AnnotatedElement method) {
        return Arrays.stream(method.getAnnotations())
                .anyMatch(each -> each.annotationType().isAnnotationPresent(Constraint.class));
    }

    /// Ours, and those of their components.
    private static void addTypes(Type type, Set<Class<?>> into) {
        if (type instanceof ParameterizedType generic) {
            Arrays.stream(generic.getActualTypeArguments()).forEach(each -> addTypes(each, into));
        } else if (type instanceof Class<?> plain && plain.getName().startsWith(ROOT) && into.add(plain)) {
            Optional.ofNullable(plain.getRecordComponents()).stream()
                    .flatMap(Arrays::stream)
                    .map(RecordComponent::getGenericType)
                    .forEach(each -> addTypes(each, into));
        }
    }

    private static void addClassName(Object value, Set<String> into) {
        if (value instanceof Class<?> type) {
            into.add(type.getName());
        } else if (value instanceof String text && text.startsWith("org.apache.kafka.")) {
            into.add(text);
        }
    }
}
