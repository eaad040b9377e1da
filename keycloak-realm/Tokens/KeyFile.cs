using System.Text.Json;
using System.Text.Json.Serialization;

namespace KeycloakRealm.Tokens;

/// <summary>The generated keys in the state folder, unencrypted: for development only.</summary>
internal sealed partial record KeyFile(byte[]? Signing, byte[]? Encryption, byte[] Secret, string SecretKid)
{
    public static KeyFile? Read(string? folder, string realm)
    {
        var path = PathOf(folder, realm);
        if (path is null || !File.Exists(path))
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(path), Written.Default.KeyFile);
        }
        catch (JsonException exception)
        {
            throw new EmbeddedRealmException($"The key file {path} is damaged. Delete it; new keys are made then.", exception);
        }
    }

    public static void Write(string? folder, string realm, KeyFile keys)
    {
        if (PathOf(folder, realm) is not { } path)
        {
            return;
        }

        Directory.CreateDirectory(folder!);
        // Another realm that starts with the same folder must not read half a file.
        var written = $"{path}.{Guid.NewGuid():N}";
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using (var stream = new FileStream(written, options))
        {
            JsonSerializer.Serialize(stream, keys, Written.Default.KeyFile);
        }

        File.Move(written, path, overwrite: true);
    }

    private static string? PathOf(string? folder, string realm) =>
        folder is null ? null : Path.Combine(folder, $"keys-{Uri.EscapeDataString(realm)}.json");

    /// <summary>Source-generated, because reflection would delay the first token.</summary>
    [JsonSerializable(typeof(KeyFile))]
    private sealed partial class Written : JsonSerializerContext;
}
