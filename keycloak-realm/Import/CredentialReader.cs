using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using KeycloakRealm.Model;

namespace KeycloakRealm.Import;

/// <summary>What a user signs in with: passwords and devices for one-time passwords. Others are warned about.</summary>
internal sealed class CredentialReader(Realm realm, KnownFields known, List<string> warnings)
{
    private static readonly HashSet<string> Fields = new(
        ["id", "type", "value", "temporary", "secretData", "credentialData", "createdDate", "userLabel", "priority",
            "hashedSaltedValue", "salt", "hashIterations", "algorithm", "digits", "counter", "period", "config", "device"],
        StringComparer.Ordinal);

    private static readonly HashSet<string> OtpData = new(
        ["subType", "digits", "counter", "period", "algorithm", "secretEncoding"], StringComparer.Ordinal);

    private static readonly HashSet<string> OtpSecret = new(["value"], StringComparer.Ordinal);

    public void Read(JsonPlace place, User user)
    {
        known.Check(place, "credential", Fields, warnings);
        if (place.Text("value") is { Length: > 0 } plain)
        {
            // Whatever the type says, Keycloak takes it for a password.
            if (!realm.PasswordPolicy.IsMetBy(plain, user))
            {
                throw place.Member("value")!.Value.Refuse($"Password policy not met for user {user.Username}");
            }

            user.Password = Password.FromPlain(plain);
            return;
        }

        switch (place.Text("type"))
        {
            case null:
                throw place.Refuse("a credential without \"type\" and \"value\"");
            case "password":
                ReadPassword(place, user);
                break;
            case "otp" or OtpPolicy.Totp or OtpPolicy.Hotp:
                ReadOtp(place, user);
                break;
            case var other:
                user.UnservedCredentials.Add(other);
                warnings.Add($"{place.Path} ({other}) is not honoured: a flow that asks {user.Username} for it ends there");
                break;
        }
    }

    private void ReadPassword(JsonPlace place, User user)
    {
        if (place.Member("hashedSaltedValue") is { } former)
        {
            user.Password = ReadFormerHash(place, former);
            return;
        }

        if (DataOf(place) is not var (secretData, credentialData))
        {
            return;
        }

        user.Password = ReadHash(secretData, credentialData);
        if (user.Password is null)
        {
            warnings.Add(
                $"{place.Path} is hashed otherwise than with PBKDF2 or Argon2: {user.Username} cannot sign in. Give the "
                    + "password as \"value\"");
        }
    }

    private void ReadOtp(JsonPlace place, User user)
    {
        var id = place.Text("id");
        if (id is not null && user.Otps.Any(other => string.Equals(other.Id, id, StringComparison.Ordinal)))
        {
            return;
        }

        var credential = ReadOtp(place, user, id ?? StableId.For(realm.Name, "otp", $"{user.Username}/{user.Otps.Count}"));
        if (!credential.IsUsable)
        {
            warnings.Add($"{place.Path} is no one-time password that can be checked: no code of it is right");
        }

        user.AddOtp(credential);
    }

    private static OtpCredential ReadOtp(JsonPlace place, User user, string id)
    {
        var label = place.Text("userLabel");
        var created = long.TryParse(place.Text("createdDate"), CultureInfo.InvariantCulture, out var at) ? at : 0;
        if (DataOf(place) is var (secretData, credentialData))
        {
            var data = Object(credentialData, OtpData);
            string? Setting(string name) => data.TryGetValue(name, out var value) ? value : null;
            int Number(string name) => Setting(name) is not { } text
                ? 0
                : int.TryParse(text, CultureInfo.InvariantCulture, out var number)
                    ? number
                    : throw credentialData.Refuse($"a whole number is expected for \"{name}\"");

            return new OtpCredential
            {
                Id = id,
                Label = label,
                Created = created,
                Type = Setting("subType"),
                Secret = SecretOf(Object(secretData, OtpSecret).GetValueOrDefault("value"), Setting("secretEncoding")),
                Algorithm = Setting("algorithm"),
                Digits = Number("digits"),
                Period = Number("period"),
                Counter = Number("counter"),
            };
        }

        if (place.Text("type") is not (OtpPolicy.Totp or OtpPolicy.Hotp))
        {
            throw place.Refuse($"a one-time password of {user.Username} without secretData and credentialData");
        }

        // As Keycloak before 8 wrote it: the secret is in the place of the hash.
        foreach (var name in (ReadOnlySpan<string>)["digits", "counter", "period"])
        {
            if (place.Member(name) is null)
            {
                throw place.Refuse($"a one-time password without \"{name}\"");
            }
        }

        return new OtpCredential
        {
            Id = id,
            Label = label,
            Created = created,
            Type = place.Text("type"),
            Secret = SecretOf(place.Text("hashedSaltedValue"), encoding: null),
            Algorithm = place.Text("algorithm"),
            Digits = place.Number("digits", 0),
            Period = place.Number("period", 0),
            Counter = place.Number("counter", 0),
        };
    }

    private static byte[] SecretOf(string? value, string? encoding) => encoding?.ToUpperInvariant() switch
    {
        null => Encoding.UTF8.GetBytes(value ?? ""),
        "BASE32" => Base32.Decode(value ?? ""),
        _ => [],
    };

    /// <summary>The JSON in a text, whose values Keycloak reads as texts or numbers alike.</summary>
    private static Dictionary<string, string?> Object(JsonPlace place, HashSet<string> fields)
    {
        try
        {
            using var document = JsonDocument.Parse(place.Text());
            var members = document.RootElement.EnumerateObject().ToList();
            return members.Find(each => !fields.Contains(each.Name)) is { Value.ValueKind: not JsonValueKind.Undefined } unknown
                ? throw place.Refuse($"Unrecognized field \"{unknown.Name}\"; Keycloak does not import a file that has it")
                : members.ToDictionary(
                    each => each.Name,
                    each => each.Value.ValueKind is JsonValueKind.Null ? null : each.Value.ToString(),
                    StringComparer.Ordinal);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or ArgumentException)
        {
            throw place.Refuse("the JSON of a one-time password is expected here");
        }
    }

    private static (JsonPlace SecretData, JsonPlace CredentialData)? DataOf(JsonPlace place) =>
        (place.Member("secretData"), place.Member("credentialData")) switch
        {
            (null, null) => null,
            ({ } secretData, { } credentialData) => (secretData, credentialData),
            _ => throw place.Refuse("secretData and credentialData belong together"),
        };

    /// <summary>As Keycloak before 8 wrote it. With another algorithm than these, nobody signs in with it.</summary>
    private Password? ReadFormerHash(JsonPlace place, JsonPlace value)
    {
        var algorithm = place.Text("algorithm");
        try
        {
            var salt = Convert.FromBase64String(place.Text("salt") ?? "");
            if (AlgorithmOf(algorithm) is { } name && salt.Length > 0)
            {
                var iterations = place.Number("hashIterations", 0);
                return iterations > 0
                    ? Password.FromPbkdf2(Convert.FromBase64String(value.Text()), salt, iterations, name)
                    : throw place.Refuse("a hashed password without \"hashIterations\"");
            }
        }
        catch (FormatException)
        {
            // Keycloak reads the bytes at the first sign-in.
        }

        warnings.Add($"{place.Path} is no hash that Keycloak can compare: nobody can sign in with it. Give the password as \"value\"");
        return null;
    }

    private static HashAlgorithmName? AlgorithmOf(string? name) => name switch
    {
        "pbkdf2" => HashAlgorithmName.SHA1,
        "pbkdf2-sha256" => HashAlgorithmName.SHA256,
        "pbkdf2-sha512" => HashAlgorithmName.SHA512,
        _ => null,
    };

    private static Password? ReadHash(JsonPlace secretData, JsonPlace credentialData)
    {
        try
        {
            using var secret = JsonDocument.Parse(secretData.Text());
            using var data = JsonDocument.Parse(credentialData.Text());
            var hash = Convert.FromBase64String(secret.RootElement.GetProperty("value").GetString()!);
            var salt = Convert.FromBase64String(secret.RootElement.GetProperty("salt").GetString()!);
            var iterations = data.RootElement.GetProperty("hashIterations").GetInt32();
            if (data.RootElement.GetProperty("algorithm").GetString() is "argon2")
            {
                var parameters = data.RootElement.GetProperty("additionalParameters");
                string Setting(string name, string usual) =>
                    parameters.TryGetProperty(name, out var values) ? values[0].GetString()! : usual;
                int Number(string name, string usual) => int.Parse(Setting(name, usual), CultureInfo.InvariantCulture);
                return Password.FromArgon2(hash, salt, new Argon2Settings(
                    Setting("type", "id"), Setting("version", "1.3"), iterations, Number("memory", "7168"), Number("parallelism", "1")));
            }

            return AlgorithmOf(data.RootElement.GetProperty("algorithm").GetString()) is { } name
                ? Password.FromPbkdf2(hash, salt, iterations, name)
                : null;
        }
        catch (FormatException)
        {
            // Keycloak reads the bytes at the first sign-in.
            return null;
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw secretData.Refuse("secretData and credentialData must hold the JSON of a hashed password");
        }
    }
}
