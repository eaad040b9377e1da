using System.Text.Json;
using KeycloakRealm.Endpoints;

namespace KeycloakRealm.Pages;

internal static class SessionStatusPages
{
    private const string TestCookie = "EMBEDDED_REALM_COOKIES";

    /// <summary>
    /// Answers <c>client session</c> (OpenID Connect Session Management 1.0, section 3.2). Asks the realm about an origin only once,
    /// because applications poll every few seconds.
    /// </summary>
    public const string Status = """
        <!DOCTYPE html>
        <html lang="en">
        <head><meta charset="utf-8"><title>Session status</title></head>
        <body>
        <script>
            'use strict';
            let admission;

            addEventListener('message', async message => {
                const words = typeof message.data === 'string' ? message.data.split(' ') : [];
                if (message.source !== parent || words.length !== 2) {
                    return;
                }

                const [client, session] = words;
                const answer = await isAdmitted(message.origin, client) ? await statusOf(session) : 'error';
                message.source.postMessage(answer, message.origin);
            });

            function isAdmitted(origin, client) {
                admission ??= fetch(`${location.pathname}/init?${new URLSearchParams({ client_id: client, origin })}`)
                    .then(answer => answer.status === 204, () => false);
                return admission;
            }

            async function statusOf(session) {
                const expected = session ? await hash(session) : undefined;
                return readCookie('KEYCLOAK_SESSION') === expected ? 'unchanged' : 'changed';
            }

            function readCookie(name) {
                const found = document.cookie.split('; ').find(each => each.startsWith(`${name}=`));
                return found ? found.slice(name.length + 1).replaceAll('"', '') : undefined;
            }

            async function hash(text) {
                const bytes = new Uint8Array(await crypto.subtle.digest('SHA-384', new TextEncoder().encode(text)));
                return btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
            }
        </script>
        </body>
        </html>
        """;

    /// <summary>Sets a cookie like the realm's own, and redirects to the page that looks for it.</summary>
    public static string LeaveCookie(RealmSite site) => Page($$"""
        document.cookie = {{Quote($"{TestCookie}=1; Path={site.CookiePath}; SameSite=None; Secure")}};
        location.replace('step2.html');
        """);

    public static string FindCookie(RealmSite site) => Page($$"""
        const isThere = document.cookie.split('; ').includes({{Quote($"{TestCookie}=1")}});
        document.cookie = {{Quote($"{TestCookie}=; Path={site.CookiePath}; Max-Age=0; SameSite=None; Secure")}};
        parent.postMessage(isThere ? 'supported' : 'unsupported', '*');
        """);

    private static string Page(string script) => $"""
        <!DOCTYPE html>
        <html lang="en">
        <head><meta charset="utf-8"><title>Cookies in frames</title></head>
        <body>
        <script>
        'use strict';
        {script}
        </script>
        </body>
        </html>
        """;

    /// <summary>The serializer escapes what would end a script.</summary>
    private static string Quote(string text) => JsonSerializer.Serialize(text);
}
