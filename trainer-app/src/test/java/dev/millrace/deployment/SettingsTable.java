package dev.millrace.deployment;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The table of one app's settings in a README, and where it differs from the app.
///
/// A row may hold several settings of one group, `a.b`, `.c`, and then as many defaults. A default in code font is
/// one that the app has; plain words (or nothing) describe what happens where the setting is absent.
final class SettingsTable {
    private static final Pattern CODE = Pattern.compile("`([^`]+)`");
    private static final String OURS = "millrace.";

    private SettingsTable() {}

    /// @return what is wrong, one line each; empty where table and app agree
    static List<String> breaches(String readme, AppSettings settings) {
        List<String> breaches = new ArrayList<>();
        Map<String, String> documented = new TreeMap<>();
        for (String row : rows(readme, settings.app())) {
            breaches.addAll(read(row, documented));
        }
        settings.properties().forEach((name, declared) -> {
            String cell = documented.get(name);
            if (cell == null) {
                breaches.add(name + " of " + settings.app() + " is not in the README");
            } else {
                breaches.addAll(difference(name, cell, declared));
            }
        });
        documented.forEach((name, cell) -> {
            if (!settings.properties().containsKey(name)) {
                Optional<String> value =
                        Optional.ofNullable(settings.application().getProperty(name));
                if (name.startsWith(OURS) || value.isEmpty()) {
                    breaches.add(name + " is in the README, but " + settings.app() + " has no such setting");
                } else {
                    breaches.addAll(difference(name, cell, value));
                }
            }
        });
        return breaches;
    }

    private static List<String> rows(String readme, String app) {
        List<String> lines = readme.lines().toList();
        int heading = -1;
        for (int i = 0; i < lines.size(); i++) {
            if (lines.get(i).startsWith("| " + app + " | default |")) {
                heading = i;
            }
        }
        if (heading < 0) {
            throw new IllegalArgumentException("the README has no table that begins with | " + app + " | default |");
        }
        return lines.stream()
                .skip(heading + 2)
                .takeWhile(line -> line.startsWith("|"))
                .toList();
    }

    private static List<String> read(String row, Map<String, String> documented) {
        String[] cells = row.split("\\|", -1);
        List<String> names = new ArrayList<>();
        Matcher name = CODE.matcher(cells[1]);
        while (name.find()) {
            String written = name.group(1);
            names.add(
                    written.startsWith(".") && !names.isEmpty()
                            ? names.getFirst().substring(0, names.getFirst().lastIndexOf('.')) + written
                            : written);
        }
        String[] defaults = cells[2].strip().split(", ", -1);
        if (names.size() != defaults.length) {
            return List.of("as many defaults as settings, please: " + row);
        }
        List<String> breaches = new ArrayList<>();
        for (int i = 0; i < defaults.length; i++) {
            if (documented.put(names.get(i), defaults[i]) != null) {
                breaches.add(names.get(i) + " is in the README twice");
            }
        }
        return breaches;
    }

    private static List<String> difference(String name, String cell, Optional<String> declared) {
        Matcher code = CODE.matcher(cell);
        Optional<String> documented = code.matches() ? Optional.of(code.group(1)) : Optional.empty();
        return documented.equals(declared)
                ? List.of()
                : List.of(name + " is " + declared.orElse("without default") + ", but the README says "
                        + (cell.isEmpty() ? "nothing" : cell));
    }
}
