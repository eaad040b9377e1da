using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace KeycloakRealm.Import;

/// <summary>
/// As Keycloak's import: a file holds a realm or an array of them; users may be in <c>acme-users-0.json</c> beside
/// <c>acme-realm.json</c>.
/// </summary>
internal static partial class RealmFiles
{
    private const string RealmEnding = "-realm.json";

    public static List<RealmSource> Load(IReadOnlyList<string> files, IReadOnlyDictionary<string, string>? placeholders)
    {
        if (files.Count == 0)
        {
            throw new EmbeddedRealmException("There is no realm file. Name at least one.");
        }

        var loaded = new List<RealmSource>();
        foreach (var file in files)
        {
            foreach (var realm in LoadFile(file, placeholders))
            {
                if (loaded.Find(each =>
                    string.Equals(each.Imported.Realm.Name, realm.Imported.Realm.Name, StringComparison.Ordinal)) is { } other)
                {
                    throw new EmbeddedRealmException(
                        $"The realm \"{realm.Imported.Realm.Name}\" is in {other.File} and again in {file}. Leave one of them "
                            + "out, or rename it.");
                }

                loaded.Add(realm);
            }
        }

        return loaded;
    }

    public static IEnumerable<string> UserFilesOf(string file)
    {
        var name = Path.GetFileName(file);
        var folder = Path.GetDirectoryName(Path.GetFullPath(file));
        if (!name.EndsWith(RealmEnding, StringComparison.Ordinal) || !Directory.Exists(folder))
        {
            return [];
        }

        var realm = name[..^RealmEnding.Length];
        return Directory.EnumerateFiles(folder, "*.json")
            .Where(each => UsersName().Match(Path.GetFileName(each)) is { Success: true } match && match.Groups["realm"].Value == realm)
            .OrderBy(each => int.Parse(UsersName().Match(Path.GetFileName(each)).Groups["number"].ValueSpan, CultureInfo.InvariantCulture));
    }

    private static List<RealmSource> LoadFile(string file, IReadOnlyDictionary<string, string>? given)
    {
        var name = Path.GetFileName(file);
        if (UsersName().Match(name) is { Success: true } users)
        {
            throw new EmbeddedRealmException(
                $"The file {file} holds users alone. Name {users.Groups["realm"].Value}{RealmEnding} instead: the users beside "
                    + "it are read with it.");
        }

        using var document = Parse(file);
        var userDocuments = new List<JsonDocument>();
        try
        {
            var placeholders = new Placeholders(given);
            var root = new JsonPlace(document.RootElement, "$", placeholders);
            JsonPlace[] realms = document.RootElement.ValueKind is JsonValueKind.Array ? [.. root.Items()] : [root];
            if (realms.Length == 0)
            {
                throw root.Refuse("a realm is expected here, and the list is empty");
            }

            var userFiles = new List<JsonPlace>();
            foreach (var userFile in UserFilesOf(file))
            {
                userDocuments.Add(Parse(userFile));
                userFiles.Add(new JsonPlace(userDocuments[^1].RootElement, $"{Path.GetFileName(userFile)}: $", placeholders));
            }

            return [.. realms.Select(realm => Import(file, realm, userFiles))];
        }
        catch (RealmFileException exception)
        {
            throw Refused(file, exception);
        }
        finally
        {
            userDocuments.ForEach(each => each.Dispose());
        }
    }

    public static EmbeddedRealmException Refused(string file, RealmFileException exception) =>
        new($"The realm file {file} cannot be imported. {exception.Message}. Correct the file.", exception);

    private static RealmSource Import(string file, JsonPlace realm, List<JsonPlace> userFiles)
    {
        var imported = new RealmImporter(realm, userFiles).Import();
        var content = string.Join('\n', userFiles.Prepend(realm).Select(each => each.Element.GetRawText()));
        var name = Path.GetFileName(file);
        if (name.EndsWith(RealmEnding, StringComparison.Ordinal) && (realm.Path is not "$" || name != imported.Realm.Name + RealmEnding))
        {
            // Keycloak's other imports, kc.sh import --file and the admin REST API, do not check the file name.
            imported = imported with
            {
                Warnings =
                [
                    .. imported.Warnings,
                    $"{realm.Path}.realm is \"{imported.Realm.Name}\", and Keycloak's --import-realm takes a file of this name for "
                        + "the one realm "
                    + $"\"{name[..^RealmEnding.Length]}\" only; it would have to be called {imported.Realm.Name}{RealmEnding}",
                ],
            };
        }

        return new RealmSource(file, imported, SHA256.HashData(Encoding.UTF8.GetBytes(content)));
    }

    private static JsonDocument Parse(string file)
    {
        try
        {
            // As in Keycloak, what follows the realm is ignored.
            var reader = new Utf8JsonReader(SkipByteOrderMark(File.ReadAllBytes(file)).Span);
            return JsonDocument.ParseValue(ref reader);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new EmbeddedRealmException(
                $"The realm file {file} cannot be read ({exception.Message}). Name an existing realm JSON file.", exception);
        }
        catch (JsonException exception)
        {
            var line = (exception.LineNumber ?? 0) + 1;
            var reason = exception.Message.Split(" LineNumber:")[0].Split(" Change the reader options")[0].TrimEnd('.');
            throw new EmbeddedRealmException(
                string.Create(
                    CultureInfo.InvariantCulture, $"The realm file {file} is not JSON (line {line}): {reason}. Correct the file."),
                exception);
        }
    }

    private static ReadOnlyMemory<byte> SkipByteOrderMark(byte[] bytes) =>
        bytes.AsSpan().StartsWith("\uFEFF"u8) ? bytes.AsMemory(3) : bytes;

    [GeneratedRegex(@"^(?<realm>.+)-users-(?<number>\d{1,9})\.json$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex UsersName();
}

/// <summary><c>Content</c> is a hash of all files of the realm.</summary>
internal sealed record RealmSource(string File, ImportedRealm Imported, byte[] Content);
