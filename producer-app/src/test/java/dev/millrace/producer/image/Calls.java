package dev.millrace.producer.image;

import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.CodeElement;
import java.lang.classfile.Instruction;
import java.lang.classfile.MethodModel;
import java.lang.classfile.instruction.ConstantInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// The calls that the application's bytecode makes.
final class Calls {
    private Calls() {}

    /// One call.
    ///
    /// @param where class and method
    /// @param owner of what is called, as `java.lang.Class`
    /// @param parameters descriptors of what it takes
    /// @param before the instruction before it, which mostly makes its last argument
    record Call(
            String where,
            String owner,
            String name,
            List<String> parameters,
            @Nullable Instruction before) {
        /// Its last argument, where that is a text that is written there.
        Optional<String> text() {
            return before instanceof ConstantInstruction constant && constant.constantValue() instanceof String text
                    ? Optional.of(text)
                    : Optional.empty();
        }

        /// The class of its last argument, where a method gives that.
        Optional<String> given() {
            return before instanceof InvokeInstruction maker
                    ? Optional.of(binaryName(maker.typeSymbol().returnType().descriptorString()))
                    : Optional.empty();
        }
    }

    /// Of all classes below a directory.
    static List<Call> of(Path classes) throws IOException {
        List<Call> calls = new ArrayList<>();
        List<Path> files;
        try (Stream<Path> tree = Files.walk(classes)) {
            files = tree.filter(file -> file.toString().endsWith(".class")).toList();
        }
        for (Path file : files) {
            ClassModel model = ClassFile.of().parse(file);
            for (MethodModel method : model.methods()) {
                collect(model, method, calls);
            }
        }
        return calls;
    }

    private static void collect(ClassModel model, MethodModel method, List<Call> into) {
        String where = model.thisClass().asInternalName().replace('/', '.') + "."
                + method.methodName().stringValue();
        Instruction before = null;
        for (CodeElement element : method.code().map(code -> code.elementList()).orElse(List.of())) {
            if (element instanceof InvokeInstruction invoke) {
                into.add(new Call(
                        where,
                        invoke.owner().asInternalName().replace('/', '.'),
                        invoke.name().stringValue(),
                        invoke.typeSymbol().parameterList().stream()
                                .map(type -> type.descriptorString())
                                .toList(),
                        before));
            }
            if (element instanceof Instruction instruction) {
                before = instruction;
            }
        }
    }

    private static String binaryName(String descriptor) {
        return descriptor.startsWith("L")
                ? descriptor.substring(1, descriptor.length() - 1).replace('/', '.')
                : descriptor;
    }
}
