using System.Globalization;

namespace KeycloakRealm.Import;

/// <summary>People who are kept elsewhere are not there. What Keycloak refuses about such a storage is refused.</summary>
internal static class StorageReader
{
    private const string Mappers = "org.keycloak.storage.ldap.mappers.LDAPStorageMapper";

    public static void Check(JsonPlace place, List<string> warnings)
    {
        var provider = place.Text("providerId") ?? throw place.Refuse("No such provider 'null'");
        if (!Providers.Has("org.keycloak.storage.UserStorageProvider", provider))
        {
            warnings.Add(Providers.Missing(place, provider));
            return;
        }

        if (provider is "ldap")
        {
            CheckDirectory(place);
        }

        if (place.Member("subComponents") is { } below)
        {
            foreach (var (kind, list) in below.Members())
            {
                CheckMappers(kind, list, warnings);
            }
        }

        warnings.Add(
            $"{place.Path} (the user storage {place.Text("name") ?? provider}) is not honoured: whoever is in it alone cannot sign in");
    }

    private static void CheckDirectory(JsonPlace place)
    {
        var config = place.TextListMap("config");
        string? Setting(string name) =>
            config.TryGetValue(name, out var values) && values.Count > 0 && values[0].Length > 0 ? values[0] : null;
        bool Is(string name) => string.Equals(Setting(name), "true", StringComparison.OrdinalIgnoreCase);
        RealmFileException Refuse(string name, string reason) => (place.Member("config")?.Member(name) ?? place).Refuse(reason);

        if (Setting("editMode") is not ("READ_ONLY" or "WRITABLE" or "UNSYNCED"))
        {
            throw Refuse("editMode", $"ldapErrorEditModeMandatory: READ_ONLY, WRITABLE or UNSYNCED, not \"{Setting("editMode")}\"");
        }

        if (Setting("customUserSearchFilter") is { } filter && !(filter.StartsWith('(') && filter.EndsWith(')')))
        {
            throw Refuse("customUserSearchFilter", "ldapErrorInvalidCustomFilter: it must be in parentheses");
        }

        foreach (var name in (ReadOnlySpan<string>)["connectionTimeout", "readTimeout", "fullSyncPeriod", "changedSyncPeriod"])
        {
            if (Setting(name) is { } number && !long.TryParse(number, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _))
            {
                throw Refuse(name, $"a whole number is expected here, not \"{number}\"");
            }
        }

        if (Is("startTls") && Is("connectionPooling"))
        {
            throw Refuse("startTls", "ldapErrorCantEnableStartTlsAndConnectionPooling");
        }

        if (Setting("editMode") is "UNSYNCED" && Setting("importEnabled") is "false")
        {
            throw Refuse("importEnabled", "ldapErrorCantEnableUnsyncedAndImportOff");
        }

        if (Is("validatePasswordPolicy") && Setting("editMode") is not "WRITABLE")
        {
            throw Refuse("validatePasswordPolicy", "ldapErrorValidatePasswordPolicyAvailableForWritableOnly");
        }
    }

    private static void CheckMappers(string kind, JsonPlace list, List<string> warnings)
    {
        if (kind is not Mappers)
        {
            throw list.Refuse($"Invalid provider type '{kind}'");
        }

        foreach (var mapper in list.Items().Where(each => !Providers.Has(Mappers, each.Text("providerId"))))
        {
            warnings.Add(Providers.Missing(mapper, mapper.Text("providerId")));
        }
    }
}
