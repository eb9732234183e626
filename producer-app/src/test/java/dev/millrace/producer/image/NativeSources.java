package dev.millrace.producer.image;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// What Quarkus lays out for `native-image`: the application's jar, its libraries, and the arguments.
///
/// @param libraries jars, ours not among them
/// @param arguments of `native-image`
/// @param reflection what may be reached by reflection, by class, as far as our jar says
/// @param jni what native code may reach, by class
/// @param proxies interfaces that a proxy may have, together
/// @param resources patterns of what is in the image, as far as any jar says
record NativeSources(
        List<Path> libraries,
        String arguments,
        Map<String, Registration> reflection,
        Map<String, Registration> jni,
        Set<List<String>> proxies,
        List<Pattern> resources) {
    private static final ObjectMapper JSON = new ObjectMapper();

    /// Of one class.
    ///
    /// @param methods names of single ones, where not all are
    record Registration(
            boolean allConstructors, boolean allMethods, boolean allFields, Set<String> methods, Set<String> fields) {
        private static Registration of(JsonNode json) {
            return new Registration(
                    json.path("allDeclaredConstructors").asBoolean(),
                    json.path("allDeclaredMethods").asBoolean(),
                    json.path("allDeclaredFields").asBoolean(),
                    names(json.path("methods")),
                    names(json.path("fields")));
        }

        private Registration and(Registration more) {
            return new Registration(
                    allConstructors || more.allConstructors,
                    allMethods || more.allMethods,
                    allFields || more.allFields,
                    union(methods, more.methods),
                    union(fields, more.fields));
        }

        private static Set<String> names(JsonNode members) {
            Set<String> names = new HashSet<>();
            members.forEach(member -> names.add(member.get("name").asText()));
            return names;
        }

        private static Set<String> union(Set<String> one, Set<String> other) {
            Set<String> both = new HashSet<>(one);
            both.addAll(other);
            return both;
        }

        boolean hasMethod(String name) {
            return (name.equals("<init>") ? allConstructors : allMethods) || methods.contains(name);
        }

        boolean hasField(String name) {
            return allFields || fields.contains(name);
        }

        /// As Jackson needs it of a record.
        boolean isWhole() {
            return allConstructors && allMethods && allFields;
        }
    }

    /// @param directory as `-Dquarkus.native.sources-only=true` leaves it
    static NativeSources read(Path directory) throws IOException {
        if (!Files.isDirectory(directory)) {
            throw new IllegalStateException("no native sources at " + directory.toAbsolutePath()
                    + ": ./mvnw verify makes them before the integration tests");
        }
        List<Path> libraries = jars(directory.resolve("lib"));
        Map<String, Registration> reflection = new TreeMap<>();
        Map<String, Registration> jni = new TreeMap<>();
        Set<List<String>> proxies = new HashSet<>();
        List<Pattern> resources = new ArrayList<>();
        for (Path application : jars(directory)) {
            for (JsonNode file : files(application, "reflect-config.json")) {
                file.forEach(each -> register(reflection, each));
            }
            for (JsonNode file : files(application, "jni-config.json")) {
                file.forEach(each -> register(jni, each));
            }
            for (JsonNode file : files(application, "proxy-config.json")) {
                file.forEach(each -> proxies.add(texts(each.isArray() ? each : each.get("interfaces"))));
            }
        }
        for (Path jar :
                Stream.concat(jars(directory).stream(), libraries.stream()).toList()) {
            for (JsonNode file : files(jar, "resource-config.json")) {
                file.path("resources")
                        .path("includes")
                        .forEach(each -> resources.add(
                                Pattern.compile(each.get("pattern").asText())));
            }
        }
        String arguments = Files.readString(directory.resolve("native-image.args"));
        return new NativeSources(libraries, arguments, reflection, jni, proxies, resources);
    }

    /// What of a class may be reached by reflection.
    ///
    /// @throws AssertionError naming it, where it is not registered
    Registration reflected(String name) {
        return registered(reflection, name, "reflect-config.json");
    }

    /// What of a class native code may reach.
    ///
    /// @throws AssertionError naming it, where it is not registered
    Registration calledBack(String name) {
        return registered(jni, name, "jni-config.json");
    }

    private static Registration registered(Map<String, Registration> all, String name, String file) {
        Registration found = all.get(name);
        if (found == null) {
            throw new AssertionError(name + " is in no " + file);
        }
        return found;
    }

    boolean isIncluded(String resource) {
        return resources.stream().anyMatch(pattern -> pattern.matcher(resource).matches());
    }

    private static void register(Map<String, Registration> into, JsonNode json) {
        into.merge(json.get("name").asText(), Registration.of(json), Registration::and);
    }

    private static List<String> texts(JsonNode array) {
        List<String> texts = new ArrayList<>();
        array.forEach(each -> texts.add(each.asText()));
        return texts;
    }

    private static List<Path> jars(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(file -> file.toString().endsWith(".jar"))
                    .sorted()
                    .toList();
        }
    }

    /// Those of a name that `native-image` finds in a jar.
    private static List<JsonNode> files(Path jar, String name) throws IOException {
        List<JsonNode> found = new ArrayList<>();
        try (JarFile open = new JarFile(jar.toFile())) {
            List<JarEntry> entries = open.stream()
                    .filter(entry -> entry.getName().startsWith("META-INF/native-image/")
                            && entry.getName().endsWith("/" + name))
                    .toList();
            for (JarEntry entry : entries) {
                try (InputStream in = open.getInputStream(entry)) {
                    found.add(JSON.readTree(in));
                }
            }
        }
        return found;
    }
}
