using System.Globalization;
using System.Text.Json;

namespace KeycloakRealm.Import;

/// <summary>Reads a realm file from disk and imports it.</summary>
internal static class RealmFile
{
    public static ImportedRealm Load(string file, IReadOnlyDictionary<string, string>? placeholders)
    {
        byte[] bytes;
        try
        {
            bytes = File.ReadAllBytes(file);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new EmbeddedRealmException(
                $"The realm file {file} cannot be read ({exception.Message}). Name an existing realm JSON file.", exception);
        }

        try
        {
            // What stands behind the realm is passed over, as Keycloak's own reader does.
            var reader = new Utf8JsonReader(SkipByteOrderMark(bytes).Span);
            using var document = JsonDocument.ParseValue(ref reader);
            var root = new JsonPlace(document.RootElement, "$", new Placeholders(placeholders));
            return new RealmImporter(root).Import();
        }
        catch (JsonException exception)
        {
            var line = (exception.LineNumber ?? 0) + 1;
            var reason = exception.Message.Split(" LineNumber:")[0].Split(" Change the reader options")[0].TrimEnd('.');
            throw new EmbeddedRealmException(
                string.Create(CultureInfo.InvariantCulture, $"The realm file {file} is not JSON (line {line}): {reason}. Correct the file."),
                exception);
        }
        catch (RealmFileException exception)
        {
            throw new EmbeddedRealmException($"The realm file {file} cannot be imported. {exception.Message}. Correct the file.", exception);
        }
    }

    private static ReadOnlyMemory<byte> SkipByteOrderMark(byte[] bytes) =>
        bytes.AsSpan().StartsWith("\uFEFF"u8) ? bytes.AsMemory(3) : bytes;
}
