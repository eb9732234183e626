package dev.millrace.producer.image;

import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.reflect.AccessFlag;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// A jar with native code for Linux, and what that code asks the JVM for: JNI looks classes, fields and methods up by
/// texts, which lie in the library as they are.
///
/// @param jar its name, without a version
/// @param objects places of the native code in the jar, for all Linux machines
/// @param classes of the jar that native code looks up
/// @param members fields and methods that it may look up, by class: such as are named there and lie in a class that has
///     native methods, or whose heirs have
record NativeLibrary(String jar, List<String> objects, Set<String> classes, Map<String, Set<String>> members) {
    private static final Pattern ON_LINUX = Pattern.compile("(?i).*linux.*\\.so");
    private static final Pattern HERE = Pattern.compile("(?i).*linux[/-](amd64|x86_64)/[^/]*\\.so");
    private static final Pattern TEXT = Pattern.compile("[\\x21-\\x7e]{3,}");

    /// @return none where a jar holds no native code for Linux
    static Optional<NativeLibrary> of(Path jar) throws IOException {
        try (JarFile open = new JarFile(jar.toFile())) {
            List<String> objects = open.stream()
                    .map(JarEntry::getName)
                    .filter(ON_LINUX.asMatchPredicate())
                    .toList();
            if (objects.isEmpty()) {
                return Optional.empty();
            }
            Set<String> texts = new HashSet<>();
            for (String object :
                    objects.stream().filter(HERE.asMatchPredicate()).toList()) {
                try (InputStream in = open.getInputStream(open.getJarEntry(object))) {
                    Matcher each = TEXT.matcher(new String(in.readAllBytes(), StandardCharsets.ISO_8859_1));
                    while (each.find()) {
                        texts.add(each.group());
                    }
                }
            }
            Map<String, ClassModel> models = models(open);
            Set<String> classes = models.keySet().stream()
                    .filter(name -> texts.contains(name.replace('.', '/')))
                    .collect(Collectors.toCollection(TreeSet::new));
            String name = Objects.requireNonNull(jar.getFileName()).toString().replaceFirst("-[0-9][0-9.-]*jar$", "");
            return Optional.of(new NativeLibrary(name, objects, classes, members(models, classes, texts)));
        }
    }

    private static Map<String, ClassModel> models(JarFile jar) throws IOException {
        Map<String, ClassModel> models = new TreeMap<>();
        for (JarEntry entry : jar.stream()
                .filter(each -> each.getName().endsWith(".class")
                        && !each.getName().startsWith("META-INF/")
                        && !each.getName().equals("module-info.class"))
                .toList()) {
            try (InputStream in = jar.getInputStream(entry)) {
                ClassModel model = ClassFile.of().parse(in.readAllBytes());
                models.put(model.thisClass().asInternalName().replace('/', '.'), model);
            }
        }
        return models;
    }

    private static Map<String, Set<String>> members(
            Map<String, ClassModel> models, Set<String> classes, Set<String> texts) {
        Set<String> reached = new HashSet<>(classes);
        models.forEach((name, model) -> {
            if (model.methods().stream().anyMatch(method -> method.flags().has(AccessFlag.NATIVE))) {
                reached.add(name);
                model.superclass()
                        .map(above -> above.asInternalName().replace('/', '.'))
                        .filter(models::containsKey)
                        .ifPresent(reached::add);
            }
        });
        Map<String, Set<String>> members = new TreeMap<>();
        for (String name : reached) {
            ClassModel model = Objects.requireNonNull(models.get(name));
            Set<String> of = new TreeSet<>();
            model.fields().stream()
                    .filter(field -> !field.flags().has(AccessFlag.STATIC))
                    .map(field -> field.fieldName().stringValue())
                    .filter(texts::contains)
                    .forEach(of::add);
            model.methods().stream()
                    .filter(method -> !method.flags().has(AccessFlag.NATIVE))
                    .filter(method -> texts.contains(method.methodType().stringValue()))
                    .map(method -> method.methodName().stringValue())
                    .filter(texts::contains)
                    .map(method -> method + "()")
                    .forEach(of::add);
            if (!of.isEmpty()) {
                members.put(name, of);
            }
        }
        return members;
    }
}
