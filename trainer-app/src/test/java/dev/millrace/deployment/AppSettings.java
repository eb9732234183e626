package dev.millrace.deployment;

import com.sun.source.tree.AnnotationTree;
import com.sun.source.tree.AssignmentTree;
import com.sun.source.tree.ClassTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.ExpressionTree;
import com.sun.source.tree.LiteralTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.Tree;
import com.sun.source.util.JavacTask;
import java.io.IOException;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/// The settings that an app has. They are read from its sources, as the other app's classes are not on the class path.
///
/// @param app the module's name
/// @param properties every property of a `@ConfigMapping`, with its default where it has one: the one in
///     `application.properties`, else `@WithDefault`
/// @param application what `application.properties` says
record AppSettings(String app, SortedMap<String, Optional<String>> properties, Properties application) {
    private static final Pattern CHANNEL =
            Pattern.compile("mp\\.messaging\\.(incoming|outgoing)\\.([^.]+)\\.connector");

    /// Reads `ROOT/APP/src/main`.
    static AppSettings of(Path root, String app) throws IOException {
        Path main = root.resolve(app).resolve("src/main");
        Properties application = new Properties();
        try (Reader reader = Files.newBufferedReader(main.resolve("resources/application.properties"))) {
            application.load(reader);
        }
        SortedMap<String, Optional<String>> properties = new TreeMap<>();
        for (CompilationUnitTree unit : parse(main.resolve("java"))) {
            for (Tree type : unit.getTypeDecls()) {
                if (type instanceof ClassTree mapping) {
                    argument(mapping.getModifiers().getAnnotations(), "ConfigMapping")
                            .ifPresent(prefix -> add(properties, prefix, mapping));
                }
            }
        }
        properties.replaceAll((name, declared) ->
                Optional.ofNullable(application.getProperty(name)).or(() -> declared));
        return new AppSettings(app, properties, application);
    }

    /// The names of the environment variables that set a property.
    Set<String> environmentNames() {
        Set<String> names = new TreeSet<>();
        properties.keySet().forEach(property -> names.add(environmentName(property)));
        return names;
    }

    /// What the names of environment variables that set an attribute of a channel begin with.
    Set<String> channelPrefixes() {
        Set<String> prefixes = new TreeSet<>();
        for (String name : application.stringPropertyNames()) {
            Matcher channel = CHANNEL.matcher(name);
            if (channel.matches()) {
                prefixes.add(environmentName("mp.messaging." + channel.group(1) + "." + channel.group(2) + "."));
            }
        }
        return prefixes;
    }

    /// As MicroProfile Config maps names.
    static String environmentName(String property) {
        return property.replaceAll("[^A-Za-z0-9]", "_").toUpperCase(Locale.ROOT);
    }

    private static Iterable<? extends CompilationUnitTree> parse(Path sources) throws IOException {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        try (StandardJavaFileManager files =
                        compiler.getStandardFileManager(null, Locale.ROOT, StandardCharsets.UTF_8);
                Stream<Path> tree = Files.walk(sources)) {
            List<Path> java =
                    tree.filter(file -> file.toString().endsWith(".java")).toList();
            JavacTask task = (JavacTask)
                    compiler.getTask(null, files, null, List.of(), null, files.getJavaFileObjectsFromPaths(java));
            return task.parse();
        }
    }

    private static void add(SortedMap<String, Optional<String>> properties, String prefix, ClassTree mapping) {
        for (Tree member : mapping.getMembers()) {
            if (member instanceof MethodTree method && method.getBody() == null) {
                String name = prefix + "." + kebab(method.getName().toString());
                Optional<ClassTree> group = nested(mapping, String.valueOf(method.getReturnType()));
                if (group.isPresent()) {
                    add(properties, name, group.get());
                } else {
                    properties.put(name, argument(method.getModifiers().getAnnotations(), "WithDefault"));
                }
            }
        }
    }

    private static Optional<ClassTree> nested(ClassTree mapping, String name) {
        return mapping.getMembers().stream()
                .filter(member -> member.getKind() == Tree.Kind.INTERFACE)
                .map(ClassTree.class::cast)
                .filter(type -> type.getSimpleName().contentEquals(name))
                .findFirst();
    }

    private static Optional<String> argument(List<? extends AnnotationTree> annotations, String name) {
        return annotations.stream()
                .filter(annotation -> annotation.getAnnotationType().toString().equals(name))
                .map(annotation -> text(annotation.getArguments().getFirst()))
                .findFirst();
    }

    private static String text(ExpressionTree argument) {
        ExpressionTree value = argument instanceof AssignmentTree named ? named.getExpression() : argument;
        if (value instanceof LiteralTree literal && literal.getValue() instanceof String text) {
            return text;
        }
        throw new IllegalArgumentException("not a literal, so that nobody can look it up: " + argument);
    }

    private static String kebab(String method) {
        return method.replaceAll("([a-z0-9])([A-Z])", "$1-$2").toLowerCase(Locale.ROOT);
    }
}
