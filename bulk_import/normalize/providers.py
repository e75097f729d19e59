"""Hosts of everybody's mail: a domain that stands for no firm and no household."""

from __future__ import annotations

_PUBLIC = frozenset(
    """
    gmail.com googlemail.com yahoo.com ymail.com rocketmail.com yahoo.co.uk yahoo.fr yahoo.de yahoo.es
    yahoo.it yahoo.com.br yahoo.com.mx yahoo.com.ar yahoo.co.in yahoo.in yahoo.co.jp yahoo.ca
    yahoo.com.au yahoo.pl yahoo.com.tr myyahoo.com aol.com aol.de aol.fr aim.com
    hotmail.com hotmail.co.uk hotmail.fr hotmail.de hotmail.es hotmail.it hotmail.com.br
    hotmail.com.tr hotmail.com.ar outlook.com outlook.de outlook.fr outlook.es outlook.it
    outlook.com.br outlook.com.tr outlook.pt live.com live.co.uk live.fr live.de live.it live.nl
    live.com.mx live.com.pt msn.com passport.com icloud.com me.com mac.com
    proton.me protonmail.com protonmail.ch pm.me tutanota.com tutanota.de tuta.io tuta.com
    fastmail.com fastmail.fm hushmail.com zoho.com zohomail.com zohomail.eu gmx.com gmx.us mail.com
    email.com usa.com inbox.com hey.com duck.com mailfence.com
    comcast.net verizon.net att.net sbcglobal.net bellsouth.net cox.net charter.net earthlink.net
    optonline.net juno.com shaw.ca rogers.com sympatico.ca bell.net telus.net bigpond.com optusnet.com.au
    btinternet.com btopenworld.com virginmedia.com ntlworld.com talktalk.net sky.com blueyonder.co.uk
    mail.ru bk.ru inbox.ru list.ru internet.ru xmail.ru yandex.ru yandex.com ya.ru yandex.by yandex.kz
    yandex.ua narod.ru rambler.ru lenta.ru ro.ru autorambler.ru myrambler.ru pochta.ru qip.ru
    ukr.net i.ua meta.ua bigmir.net tut.by mail.by mail.kz
    gmx.de gmx.net gmx.at gmx.ch web.de freenet.de t-online.de arcor.de posteo.de mailbox.org
    1und1.de online.de vodafone.de kabelmail.de aon.at chello.at bluewin.ch hispeed.ch sunrise.ch
    orange.fr wanadoo.fr free.fr laposte.net sfr.fr neuf.fr bbox.fr numericable.fr club-internet.fr
    skynet.be telenet.be proximus.be ziggo.nl kpnmail.nl planet.nl home.nl hetnet.nl xs4all.nl
    libero.it virgilio.it tiscali.it alice.it tin.it tim.it fastwebnet.it poste.it iol.it
    telefonica.net terra.es ono.com movistar.es sapo.pt netcabo.pt clix.pt
    uol.com.br bol.com.br terra.com.br ig.com.br globo.com globomail.com r7.com oi.com.br
    wp.pl o2.pl onet.pl op.pl interia.pl interia.eu poczta.onet.pl poczta.fm gazeta.pl vp.pl tlen.pl
    seznam.cz centrum.cz email.cz post.cz volny.cz azet.sk zoznam.sk freemail.hu citromail.hu
    abv.bg mail.bg dir.bg mynet.com superonline.com walla.co.il walla.com bezeqint.net
    qq.com foxmail.com 163.com 126.com yeah.net sina.com sina.cn sohu.com 139.com 189.cn aliyun.com
    naver.com daum.net hanmail.net nate.com docomo.ne.jp ezweb.ne.jp softbank.ne.jp i.softbank.jp
    rediffmail.com indiatimes.com telkomsa.net
    """.split()
)


def is_public_provider(domain: str) -> bool:
    """Whether the domain, in lower case, is one at which anybody has an address."""
    return domain in _PUBLIC
