namespace KeycloakRealm.Model;

/// <summary>
/// What people send about themselves, by attribute, checked and written as Keycloak does. An attribute that is not sent loses its
/// values where they may change it; one that they may not change keeps them.
/// </summary>
internal sealed class ProfileChange
{
    private readonly Realm _realm;
    private readonly User _user;
    private readonly bool _isNew;
    private readonly Dictionary<string, IReadOnlyList<string>> _values;

    /// <param name="realm">Whose profile says what is allowed.</param>
    /// <param name="user">Whom it is about.</param>
    /// <param name="values">What was sent.</param>
    /// <param name="isNew">The user is registering, and chooses a name.</param>
    public ProfileChange(Realm realm, User user, IReadOnlyDictionary<string, IReadOnlyList<string>> values, bool isNew = false)
    {
        _realm = realm;
        _user = user;
        _isNew = isNew;
        _values = new Dictionary<string, IReadOnlyList<string>>(values, StringComparer.Ordinal);
        Lower(ProfileAttribute.Email);
        Lower(ProfileAttribute.Username);
        if (realm.RegistrationEmailAsUsername)
        {
            _values[ProfileAttribute.Username] = Values(ProfileAttribute.Email);
        }
        else if (!isNew && !_values.ContainsKey(ProfileAttribute.Username))
        {
            _values[ProfileAttribute.Username] = [user.Username];
        }
    }

    private bool MayRename => _isNew || _realm.EditUsernameAllowed || _realm.RegistrationEmailAsUsername;

    public static bool IsEditable(Realm realm, ProfileAttribute attribute) => attribute.Name is ProfileAttribute.Username
        ? realm.EditUsernameAllowed && !realm.RegistrationEmailAsUsername
        : attribute.CanEdit;

    public List<(ProfileAttribute Attribute, ProfileError Error)> Check() =>
        [.. _realm.Profile.Attributes.SelectMany(attribute => Check(attribute).Select(error => (attribute, error)))];

    /// <summary>A changed address is not verified any more.</summary>
    public void Apply()
    {
        var attributes = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        foreach (var (name, values) in _user.Attributes.Where(each => _realm.Profile.Find(each.Key) is { CanEdit: false }))
        {
            attributes[name] = values;
        }

        foreach (var (name, values) in _values.Where(each => !ProfileAttribute.IsField(each.Key)))
        {
            List<string> kept = [.. values.Where(value => !string.IsNullOrWhiteSpace(value))];
            if (kept.Count > 0 && (_realm.Profile.Find(name)?.CanEdit ?? _realm.Profile.AllowsOthers))
            {
                attributes[name] = kept;
            }
        }

        _user.Attributes = attributes;
        Set("firstName", value => _user.FirstName = value);
        Set("lastName", value => _user.LastName = value);
        Set(ProfileAttribute.Email, _user.ChangeEmail);
        if (!_isNew && MayRename && Values(ProfileAttribute.Username) is [{ Length: > 0 } own] && own != _user.Username)
        {
            _realm.Rename(_user, own);
        }
    }

    private IEnumerable<ProfileError> Check(ProfileAttribute attribute)
    {
        var values = Values(attribute.Name);
        if (attribute.Name is ProfileAttribute.Username)
        {
            return CheckUsername(attribute, First(attribute.Name) ?? "");
        }

        if (!attribute.CanEdit)
        {
            // What nobody may choose when they register is passed over.
            return !_isNew && _values.ContainsKey(attribute.Name) && !values.SequenceEqual(Own(attribute.Name), StringComparer.Ordinal)
                ? [ProfileError.ReadOnly]
                : [];
        }

        if (attribute.Scopes.Count > 0)
        {
            return [];
        }

        return attribute.Name is ProfileAttribute.Email && IsTaken(First(attribute.Name))
            ? attribute.Check(values).Append(ProfileError.EmailExists)
            : attribute.Check(values);
    }

    private IEnumerable<ProfileError> CheckUsername(ProfileAttribute attribute, string name)
    {
        if (!_isNew && string.Equals(name, _user.Username, StringComparison.Ordinal))
        {
            yield break;
        }

        if (!MayRename)
        {
            yield return ProfileError.ReadOnly;
        }

        if (_realm.RegistrationEmailAsUsername)
        {
            // An address that serves as the name has checks of its own.
            yield break;
        }

        if (name.Length == 0)
        {
            yield return ProfileError.UsernameMissing;
            yield break;
        }

        foreach (var error in attribute.Check([name]))
        {
            yield return error;
        }

        if (!MayRename)
        {
            yield return ProfileError.UsernameReadOnly;
        }

        if (_realm.Users.ContainsKey(name))
        {
            yield return ProfileError.UsernameExists;
        }
    }

    private bool IsTaken(string? email) => email is { Length: > 0 } && !_realm.DuplicateEmailsAllowed
        && _realm.Users.Values.Any(other => other != _user && string.Equals(other.Email, email, StringComparison.Ordinal));

    private void Set(string name, Action<string?> set)
    {
        if (_realm.Profile.Find(name) is { CanEdit: true })
        {
            set(First(name) is { } value && !string.IsNullOrWhiteSpace(value) ? value : null);
        }
    }

    private IEnumerable<string> Own(string name) => name switch
    {
        ProfileAttribute.Email => Given(_user.Email),
        "firstName" => Given(_user.FirstName),
        "lastName" => Given(_user.LastName),
        _ => _user.Attributes.GetValueOrDefault(name) ?? [],
    };

    private static IEnumerable<string> Given(string? value) => value is null ? [] : [value];

    private string? First(string name) => Values(name) is [var first, ..] ? first : null;

    private IReadOnlyList<string> Values(string name) => _values.GetValueOrDefault(name) ?? [];

    private void Lower(string name)
    {
        if (_values.TryGetValue(name, out var values))
        {
            _values[name] = [.. values.Select(value => value.ToLowerInvariant())];
        }
    }
}
